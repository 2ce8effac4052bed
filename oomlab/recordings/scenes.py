"""What each recorded scene sets up: SCENES["s13_oom_group"].

A recording's file name begins with its scene: s13_oom_group.global.k6.12.r1.json.gz is the variant
`global` of the scene s13_oom_group on the kernel 6.12, its second repeat.
"""

SCENES = {
    "mix": "processes drawn at random: sizes, oom_score_adj, children, cgroups",
    "r01_given_up": "a victim gets no processor while its mmap_lock is held: the reaper gives up",
    "r02_lifo": "several victims, and one reaper: in which order are they reaped?",
    "r03_thread_exit": "one thread of a process that lives on exits while memory is short",
    "r04_sysrq_f": "an administrator asks for a kill, with panic_on_oom set",
    "r05_memcg_unkillable": "a cgroup runs out, and none of its processes may be killed",
    "r06_group_leaf": "cgroups inside each other, one of them with memory.oom.group",
    "s01_two_hogs": "two big processes: the bigger one dies first",
    "s02_adj_crossover": "the oom_score_adj at which a smaller process dies, not a bigger one",
    "s03_negative_adj": "a big process that a negative oom_score_adj protects",
    "s04_unkillable_biggest": "the biggest process must not be killed",
    "s06_clone_vm": "two processes share their memory",
    "s08_mlocked": "the biggest process has locked its memory",
    "s11_memcg": "a cgroup runs out, and a process outside is bigger",
    "s12_two_memcgs": "two cgroups run out at about the same time",
    "s13_oom_group": "a whole cgroup dies as one (memory.oom.group)",
    "s16_panic_on_oom": "the kernel is told to panic (panic_on_oom)",
    "s17_kill_allocating": "the kernel is told to kill who asked (oom_kill_allocating_task)",
    "s20_stuck": "a victim is held and cannot exit, or it is stopped",
}
