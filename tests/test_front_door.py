"""What `import oomlab` offers: every name is there, documented, and costs nothing before use."""

import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import oomlab

COST = """
import time
began = time.process_time()
import oomlab
print(time.process_time() - began)
"""


@pytest.mark.parametrize("name", oomlab.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name):
    value = getattr(oomlab, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        text = value.__doc__ or ""
        assert text and not text.startswith(f"{name}("), "a dataclass's own signature says nothing"
        assert value.__module__.startswith("oomlab.")
    else:
        assert f"\n{name} " in oomlab.__doc__


def test_dir_holds_no_module():
    import oomlab.reports
    import oomlab.simulate.run  # noqa: F401

    names = dir(oomlab)
    assert set(oomlab.__all__) < set(names) and oomlab.__all__ == sorted(set(oomlab.__all__))
    assert not [name for name in names if isinstance(getattr(oomlab, name), ModuleType)]


def test_each_name_of_a_fresh_start_is_the_value_and_not_the_room():
    """In whatever order: a room with a public name's own name would hide it."""
    code = (
        "import oomlab, types\n"
        "for name in reversed(oomlab.__all__):\n"
        "    assert not isinstance(getattr(oomlab, name), types.ModuleType), name\n"
        "for name in oomlab.__all__:\n"
        "    assert not isinstance(getattr(oomlab, name), types.ModuleType), name\n"
        "assert oomlab.explorer.PROPERTIES is oomlab.PROPERTIES\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name, near", [("explroe", "explore"), ("PRESET", "PRESETS")])
def test_a_name_that_is_not_there_is_told_with_what_is_near(name, near):
    with pytest.raises(AttributeError, match=near):
        getattr(oomlab, name)


def test_the_import_costs_less_than_50_ms():
    """Of processor time; the least of three, for a machine that has other things to do."""
    costs = [
        float(subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True).stdout)
        for _ in range(3)
    ]
    assert min(costs) < 0.05
