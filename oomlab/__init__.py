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
    "kernel_arithmetic": "Badness Watermarks badness lowmem_reserve watermarks",
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
TYPE_CHECKING = False  # a type checker takes it for true, and sees the names below
if TYPE_CHECKING:
    from .bibliography import cite as cite
    from .explorer import PROPERTIES as PROPERTIES
    from .explorer import Exploration as Exploration
    from .explorer import Property as Property
    from .explorer import explore as explore
    from .explorer import hunt as hunt
    from .explorer.nearest_passing import nearest_story as nearest_story
    from .explorer.progress import Stopped as Stopped
    from .grading.course.whole_class import grade as grade
    from .kernel_arithmetic import Badness as Badness
    from .kernel_arithmetic import Watermarks as Watermarks
    from .kernel_arithmetic import badness as badness
    from .kernel_arithmetic import lowmem_reserve as lowmem_reserve
    from .kernel_arithmetic import watermarks as watermarks
    from .policies.policy import HZ as HZ
    from .policies.policy import KNOBS as KNOBS
    from .policies.policy import Policy as Policy
    from .policies.presets import PRESETS as PRESETS
    from .policies.presets import difference as difference
    from .reports import ExplainedLog as ExplainedLog
    from .reports import Explanation as Explanation
    from .reports import explain as explain
    from .reports import explain_logs as explain_logs
    from .scenarios import SCENARIOS as SCENARIOS
    from .sheets import Sheet as Sheet
    from .sheets import check as check
    from .sheets import check_all as check_all
    from .sheets import read_sheet as read_sheet
    from .sheets import sheet_of as sheet_of
    from .simulate.comparison import Comparison as Comparison
    from .simulate.comparison import compare as compare
    from .simulate.kernel_log import kernel_log as kernel_log
    from .simulate.origin import Origin as Origin
    from .simulate.outcome import Outcome as Outcome
    from .simulate.patch_text import patch as patch
    from .simulate.patch_text import patch_text as patch_text
    from .simulate.patch_text import read_patch as read_patch
    from .simulate.run import Run as Run
    from .simulate.run import Step as Step
    from .simulate.run import run as run
    from .simulate.schedule import Schedule as Schedule
    from .simulate.schedule import read_schedule as read_schedule
    from .simulate.setup import build as build
    from .sweeps import Sweep as Sweep
    from .sweeps import sweep as sweep
    from .traces import ScenarioFrom as ScenarioFrom
    from .traces import Trace as Trace
    from .traces import read_trace as read_trace
    from .traces import scenario_from as scenario_from

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
