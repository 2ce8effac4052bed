"""A cell of the table opens the run that it speaks of."""

from importlib.util import find_spec

import pytest

if not find_spec("anywidget"):
    pytest.skip("needs the extra lab", allow_module_level=True)

from oomlab.lab.verdicts import Verdicts


def test_each_cell_opens_a_run_that_ends_as_it_says():
    shown = Verdicts(["lost-victim", "stuck-writer"], ["rfc-2015-11-25", "linux-4.10"])
    assert len(shown.table) == 4 and len({*shown.table.values()}) > 1
    for (scenario, policy), verdict in shown.table.items():
        shown.open_run(shown, {"scenario": scenario, "policy": policy}, [])
        run = shown.lab.run
        assert (run.scenario, run.policy.name, run.outcome.verdict) == (scenario, policy, verdict)
        assert shown.grid().rows[scenario][policy] == verdict


def test_a_cell_that_is_not_there_opens_nothing():
    shown = Verdicts(["lost-victim"], ["linux-4.4"])
    before = shown.lab.run
    shown.open_run(shown, {"scenario": "lost-victim", "policy": "linux-9.9"}, [])
    assert shown.lab.run is before
