"""What lessons 4 to 7 ask: killed and not dead, what may be reaped, who gets it, who is lost."""

from typing import Any

from ...explorer import explore
from ...simulate.run import Run, run
from ..facts import mappings
from ..timeline import moments
from . import LessonQuestion, Place, first_event


def stuck_child() -> Run:
    return run("tiny-child", "linux-4.4")


def six_kinds() -> Run:
    return run("mlocked-and-shared", "rfc-2015-11-25")


def thieves(**knobs: Any) -> Run:
    return run("page-thieves", "rfc-2015-11-27", pages=24, **knobs)


def two_cgroups() -> Run:
    return run("lost-victim", "rfc-2015-11-27")


def those_who_leave() -> str:
    """The machine of lesson 1's circle with a reaper: who exits before whom?"""
    cut = run("invisible-dependency", "rfc-2015-11-27")
    gone = [moment.task for moment in moments(cut) if moment.kind == "exit"]
    if "hog" not in gone:
        return "the writer leaves, the hog stays"
    first = gone.index("writer1") < gone.index("hog")
    return "the writer, and then the hog" if first else "the hog, and then the writer"


def dying_or_not(got: dict[str, int]) -> str:
    """Who took more of the reaped pages."""
    return "the two that are dying" if got["dying"] > got["normal"] else "the eight thieves"


def what_the_slot_says() -> str:
    """The second killer's cmpxchg in the run that lesson 7 stops before it."""
    tried = [step.effect for step in two_cgroups().steps if step.verb == "cmpxchg"]
    busy = "busy" in tried[1]
    return "it finds the other victim, and changes nothing" if busy else "it is put in"


PLACES = {
    "another-lock": Place(
        "4",
        (
            LessonQuestion(
                "child1 is about to be killed. What comes of it?",
                {
                    "it exits, and its 20 pages come back": "So it is on most days. But its "
                    "threads sleep in the kernel, and no signal ends that sleep.",
                    "nothing, no task can go on any more": "It cannot exit, so no page comes "
                    "back; and while it is there the killer takes no other.",
                    "it does not exit, so the hog is killed next": "The killer of 4.4 does not "
                    "look further while a victim is there.",
                    "the kernel panics": "There is a victim, so there is hope: the kernel waits.",
                },
                right="nothing, no task can go on any more",
                model=lambda: {
                    "recovered": "it exits, and its 20 pages come back",
                    "deadlock": "nothing, no task can go on any more",
                    "panic": "the kernel panics",
                }[stuck_child().outcome.verdict],
            ),
            LessonQuestion(
                "What does child1 wait for, once it is killed?",
                {
                    "a page": "It is marked as the victim and may use the whole reserve. If it "
                    "asked for a page, it would have it at once.",
                    "the lock of its own memory map": "Another process looks up its command line, "
                    "holds that lock to read, and wants a page.",
                    "the signal: SIGKILL has not arrived yet": "SIGKILL is there. But a signal is "
                    "a flag, and this sleep does not look at it.",
                    "the disk": "No disk is needed here: everything in this machine is memory.",
                },
                right="the lock of its own memory map",
                model=lambda: {"mmap_sem of child1": "the lock of its own memory map"}[
                    stuck_child().outcome.cycle[1]
                ],
            ),
        ),
        shows=stuck_child,
    ),
    "what-may-be-reaped": Place(
        "5",
        (
            LessonQuestion(
                "Which of the six kinds does the first RFC take from the process?",
                {
                    "the heap": "The heap is taken. But the RFC's rule is wider: all that "
                    "is not shared and has no huge pages.",
                    "heap, locked, library and device": "All that is not shared with others and "
                    "has no huge pages. Later versions leave the locked part alone (to "
                    "5.17), and the device (4.14 and later).",
                    "all six": "Shared memory may be in use by others, and huge pages need care "
                    "of their own: both are left alone.",
                    "all but the device": "The device's mapping is private, so the rule takes it; "
                    "what it leaves alone is shared memory and huge pages.",
                },
                right="heap, locked, library and device",
                model=lambda: {
                    ("heap",): "the heap",
                    ("heap", "locked", "library", "device"): "heap, locked, library and device",
                }[tuple(row.name for row in mappings(six_kinds())[1] if row.reapable)],
            ),
            LessonQuestion(
                "Heap 300 pages, locked 150, library 60, shared memory 200, huge pages 512, device "
                "64. How many pages are free afterwards that were not free before?",
                {
                    "300": "That would be the heap alone. The first RFC takes locked memory, too.",
                    "450": "Heap and locked part. The library's clean pages go back to the page "
                    "cache, and the device's were never the machine's.",
                    "574": "So many are taken from the process. But the library's 60 go "
                    "back to the page cache, and the device's 64 were never the machine's.",
                    "1286": "That is all there is, and shared memory and huge pages are left.",
                },
                right="450",
                model=lambda: str(sum(six_kinds().outcome.reaped.values())),
            ),
            LessonQuestion(
                "In the circle of lesson 1 the hog waits for a mutex, and the writer that has it "
                "waits for memory. Now the hog is reaped. Who leaves first?",
                {
                    "the hog, and then the writer": "Reaping gives back memory, and nothing else. "
                    "The hog still waits for the mutex.",
                    "the writer, and then the hog": "The writer gets its pages, finishes, and lets "
                    "go of the mutex. Only then can the hog go on, and exit.",
                    "the writer leaves, the hog stays": "When the writer lets go, the hog gets the "
                    "mutex, sees its SIGKILL, and exits.",
                },
                right="the writer, and then the hog",
                model=those_who_leave,
            ),
        ),
    ),
    "who-gets-the-pages": Place(
        "6",
        (
            LessonQuestion(
                "The reaper frees 24 pages; the two dying processes need 12. Who takes most?",
                {
                    "the two that are dying": "They ask like all others, and they are two of ten.",
                    "the eight thieves": "A free page is given to the next who asks, and they are "
                    "eight of ten. They ask for more than there is.",
                    "the reaper": "It frees pages and needs none.",
                },
                right="the eight thieves",
                model=lambda: dying_or_not(thieves().outcome.pages_to),
            ),
            LessonQuestion(
                "And how does it end?",
                {
                    "the two dying processes get out": "They get less than they need, and what is "
                    "taken does not come back: the thieves keep it.",
                    "they ask for ever, and so do the thieves": "Each round is like the last one. "
                    "A livelock: all run, and nothing gets better.",
                    "another victim is killed": "The killer takes one victim at a time, and "
                    "the first is still there. Besides, these thieves may not be killed.",
                },
                right="they ask for ever, and so do the thieves",
                model=lambda: {
                    "recovered": "the two dying processes get out",
                    "livelock": "they ask for ever, and so do the thieves",
                }[thieves().outcome.verdict],
            ),
            LessonQuestion(
                "Now the dying get priority: they may go below the min mark. Who takes most of the "
                "24 pages that the reaper frees?",
                {
                    "the two that are dying": "Priority does not make them quicker. It lets them "
                    "take pages that no other may have: those of the reserve.",
                    "the eight thieves": "As before. But the dying no longer need these pages: "
                    "they have the reserve.",
                    "neither, they are kept for later": "A free page above the min mark is given "
                    "to whoever asks.",
                },
                right="the eight thieves",
                model=lambda: dying_or_not(thieves(reserves="favour-dying").outcome.pages_to),
            ),
        ),
        shows=thieves,
        stop=first_event("finish_task_reaping"),
    ),
    "one-slot": Place(
        "7",
        (
            LessonQuestion(
                "victim1 has just got SIGKILL. Its killer will now try to put it into the slot, by "
                "cmpxchg from NULL. What happens?",
                {
                    "it is put in": "The slot still holds victim2: the reaper empties it when its "
                    "work is done, not before.",
                    "it finds the other victim, and changes nothing": "The reaper is at work, and "
                    "the slot is emptied only afterwards.",
                    "the killer waits until the slot is free": "cmpxchg does not wait. It finds "
                    "something else than NULL and says so; the killer goes on.",
                },
                right="it finds the other victim, and changes nothing",
                model=what_the_slot_says,
            ),
            LessonQuestion(
                "How often must the machine switch from one task to another at an unlucky moment, "
                "until a victim is lost?",
                {
                    "never, no order of steps loses a victim": "This very trace is on its way to a "
                    "lost victim.",
                    "2 times": "Each task may run on undisturbed. The reaper only has to be late.",
                    "about 20 times": "The whole story has about twenty steps. But most of them "
                    "follow each other in one task.",
                },
                right="2 times",
                model=lambda: (
                    "2 times"
                    if (found := explore("lost-victim", "rfc-2015-11-27", prefer="switches"))
                    and found.switches() == 2
                    else found.verdict
                ),
            ),
            LessonQuestion(
                "A remedy: the reaper takes the pointer out of the slot before it begins its work, "
                "by xchg (put NULL in, and get what was there, at once). And now?",
                {
                    "no victim is lost any more": "The slot is free sooner. But the reaper must "
                    "wake up first, and the second victim may come before that.",
                    "a victim can still be lost": "If the second comes before the reaper has woken "
                    "up, the slot is in use as before.",
                    "the first victim is lost instead": "The reaper holds the pointer that it took "
                    "out, and does its work.",
                },
                right="a victim can still be lost",
                model=lambda: {
                    "holds": "no victim is lost any more",
                    "violated": "a victim can still be lost",
                }[explore("lost-victim", "rfc-xchg").verdict],
            ),
        ),
        shows=two_cgroups,
        stop=first_event("kill", "victim1"),
    ),
}
