"""The exercises, by name, in the order of their levels."""

from . import (
    derive_formulas,
    find_cycle,
    hand_off,
    kill_sharers,
    memcg_victim,
    oom_badness,
    oom_reap_vmas,
    predict,
    priority_allocator,
    reserve_proof,
    tournament,
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
)
EXERCISES = {module.exercise.name: module.exercise for module in MODULES}
