/*
 * The hand-off of V victims with K VMAs each to one reaper, for Spin: the yardstick of the explorer.
 *
 * HANDOFF 0: one slot filled by cmpxchg (RFC of 2015-11-25); 1: a list; 2: a periodic scan.
 * A killer waits at its end for its victim to be reaped. A victim that is lost is thus an invalid
 * end state.
 */
#ifndef V
#define V 2
#endif
#ifndef K
#define K 2
#endif
#ifndef HANDOFF
#define HANDOFF 0
#endif

bool oom_lock, asleep;
bool killed[V + 1], marked[V + 1], reaped[V + 1];
byte head;         /* the slot, or the first of the list; 0 is NULL */
byte next[V + 1];  /* the list */
byte mm_count[V + 1];

active [V] proctype killer()
{
	byte me = _pid + 1;

	atomic { !oom_lock -> oom_lock = true }
	killed[me] = true;
	marked[me] = true;
#if HANDOFF == 0
	if
	:: atomic { head == 0 -> head = me }
	   mm_count[me]++;
	   asleep = false
	:: atomic { head != 0 -> skip }
	fi;
#elif HANDOFF == 1
	atomic { next[me] = head; head = me; asleep = false }
#endif
	oom_lock = false;
	reaped[me]
}

active proctype reaper()
{
	byte mm, vma;

end:
	do
#if HANDOFF == 2
	:: atomic { true -> mm = mm % V + 1 }
	   if
	   :: atomic { !marked[mm] || reaped[mm] -> goto end }
	   :: atomic { marked[mm] && !reaped[mm] -> skip }
	   fi;
#else
	:: atomic { head == 0 -> asleep = true }
end_asleep:
	   atomic { !asleep -> goto end }
	:: atomic { head != 0 -> mm = head
#if HANDOFF == 1
	            ; head = next[mm]; next[mm] = 0
#endif
	   }
#endif
	   mm_count[mm]++;      /* mmget_not_zero, down_read_trylock */
	   do
	   :: atomic { vma < K -> vma++ }
	   :: atomic { vma == K -> vma = 0; break }
	   od;
	   reaped[mm] = true;
	   mm_count[mm]--;
#if HANDOFF == 0
	   head = 0
#endif
	od
}
