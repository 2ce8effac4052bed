"""The exercises, by name, in the order of their levels."""

from importlib import import_module

from ..exercise import Exercise

MODULES = (
    "zone_watermarks",
    "oom_badness",
    "find_cycle",
    "oom_reap_vmas",
    "memcg_victim",
    "hand_off",
    "kill_sharers",
    "priority_allocator",
    "derive_formulas",
    "reserve_proof",
    "predict",
    "tournament",
    "give_up",
    "users_or_count",
    "kthread_or_workqueue",
    "read_report",
    "kill_cgroup",
)
FOUND = [import_module(f".{name}", __name__).exercise for name in MODULES]
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for exercise in FOUND}
