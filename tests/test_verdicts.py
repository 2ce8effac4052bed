"""A cell of the table opens the run that it speaks of."""

from importlib.util import find_spec

import pytest

import oomlab
from oomlab.lab.figures import heat_map
from oomlab.lab.verdict_table import every_end, usual_end

if not find_spec("anywidget"):
    pytest.skip("needs the extra lab", allow_module_level=True)

from oomlab.lab.verdicts import Verdicts

EVERY = every_end()


def test_what_was_written_down_is_how_it_ends_today():
    """`make pictures` writes it again."""
    assert {cell: usual_end(*cell, 1)[0] for cell in EVERY} == EVERY


def test_every_scenario_and_every_version_is_there():
    linux = [name for name in oomlab.PRESETS if name.startswith("linux-")]
    assert set(EVERY) == {(s, p) for s in oomlab.SCENARIOS for p in linux}
    assert list(dict.fromkeys(p for _, p in EVERY)) == linux
    said = heat_map.of_all().alt_text
    assert "; second-oom: livelock under linux-2.6.38 to linux-4.4, recovered under" in said
    # 3.10 marks the thread that was made last, which can go
    assert "lost-victim: lost-victim under linux-2.6.38, recovered under linux-3.10, lost" in said
    assert set(EVERY.values()) == set(heat_map.LETTERS)  # no two kinds differ by colour alone


def test_each_cell_opens_a_run_that_ends_as_it_says():
    shown = Verdicts(["lost-victim", "stuck-writer"], ["rfc-2015-11-25", "linux-4.10"])
    assert len(shown.table) == 4 and len({*shown.table.values()}) > 1
    for (scenario, policy), verdict in shown.table.items():
        shown.answer(shown, {"scenario": scenario, "policy": policy}, [])
        run = shown.lab.run
        assert (run.scenario, run.policy.name, run.outcome.verdict) == (scenario, policy, verdict)
        assert shown.grid().rows[scenario][policy] == verdict


def test_all_of_them_open_their_runs_too():
    shown = Verdicts()
    assert shown.table == EVERY and len(shown.rows) == len(oomlab.SCENARIOS)
    shown.answer(shown, {"scenario": "tiny-child", "policy": "linux-4.6"}, [])
    run = shown.lab.run
    assert (run.scenario, run.outcome.verdict) == ("tiny-child", EVERY["tiny-child", "linux-4.6"])


def test_a_cell_that_is_not_there_opens_nothing():
    shown = Verdicts(["lost-victim"], ["linux-4.4"])
    before = shown.lab.run
    shown.answer(shown, {"scenario": "lost-victim", "policy": "linux-9.9"}, [])
    assert shown.lab.run is before
