"""The exercises, by name."""

from . import find_cycle, hand_off, oom_badness, oom_reap_vmas, watermarks

MODULES = (watermarks, oom_badness, find_cycle, oom_reap_vmas, hand_off)
EXERCISES = {module.exercise.name: module.exercise for module in MODULES}
