"""The exercises, by name, in the order of their levels."""

from . import (
    derive_formulas,
    find_cycle,
    give_up,
    hand_off,
    kill_sharers,
    kthread_or_workqueue,
    memcg_victim,
    oom_badness,
    oom_reap_vmas,
    predict,
    priority_allocator,
    read_report,
    reserve_proof,
    tournament,
    users_or_count,
    zone_watermarks,
)

MODULES = (
    zone_watermarks,
    oom_badness,
    find_cycle,
    oom_reap_vmas,
    memcg_victim,
    hand_off,
    kill_sharers,
    priority_allocator,
    derive_formulas,
    reserve_proof,
    predict,
    tournament,
    give_up,
    users_or_count,
    kthread_or_workqueue,
    read_report,
)
EXERCISES = {module.exercise.name: module.exercise for module in MODULES}
