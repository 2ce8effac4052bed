"""oomlab: see, change, prove and grade how Linux behaves when memory runs out.

>>> import oomlab
>>> oomlab.run("invisible-dependency", policy="linux-4.4").outcome.verdict
'deadlock'

Every public name has a docstring (`help(oomlab.explore)`), but for the tables, which are plain
dictionaries and numbers:

SCENARIOS     the set-ups by name
PRESETS       the policies by name, "linux-4.4" and so on, each a Policy
KNOBS         what a policy may do differently: {name: field with meaning, choices and source}
PROPERTIES    what `explore` can be asked, by name
HZ            ticks a second in the model

A name is loaded when it is first used, so that `import oomlab` costs next to nothing.
"""

from importlib import import_module

from .version import VERSION

__version__ = VERSION
_ROOMS = {
    "arithmetic": "Badness Watermarks badness lowmem_reserve watermarks",
    "bibliography": "cite",
    "explorer": "Exploration PROPERTIES Property explore hunt",
    "grading.course.whole_class": "grade",
    "policies.policy": "HZ KNOBS Policy",
    "policies.presets": "PRESETS difference",
    "explorer.nearest_passing": "nearest_story",
    "explorer.progress": "Stopped",
    "reports": "ExplainedLog Explanation explain explain_logs",
    "scenarios": "SCENARIOS",
    "sheets": "Sheet check check_all read_sheet sheet_of",
    "simulate.comparison": "Comparison compare",
    "simulate.kernel_log": "kernel_log",
    "simulate.origin": "Origin",
    "simulate.outcome": "Outcome",
    "simulate.patch_text": "patch patch_text read_patch",
    "simulate.run": "Run Step run",
    "simulate.schedule": "Schedule read_schedule",
    "simulate.setup": "build",
    "sweeps": "Sweep sweep",
    "traces": "ScenarioFrom Trace read_trace scenario_from",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}
__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> object:
    """A public name, from the room where it lives; or the room itself, as oomlab.explorer."""
    if name in _ROOM_OF:
        value = getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
        globals()[name] = value  # so that it is asked for once
        return value
    if not name.startswith("_"):
        try:
            return import_module(f".{name}", __name__)
        except ModuleNotFoundError as missing:
            if missing.name != f"{__name__}.{name}":
                raise  # the room is there, and needs a package that is not
    from .naming import nearest  # not before it is needed: all others import oomlab for less

    raise AttributeError(f"module {__name__!r} has no {name!r}: {nearest(name, __all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"]
