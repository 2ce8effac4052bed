"""How wide the tests look, and what a skip means.

`make test` draws the same examples each time, so that a green suite is green for all. `make fuzz`
sets OOMLAB_FUZZ=20: new examples each time, and twenty times as many (wide.py).

With OOMLAB_CI set a skipped test is a failed one: CI has installed what a skip would miss.
"""

import os
import signal

import pytest
from hypothesis import settings

from oomlab.scenarios import SCENARIOS

# A shell starts what it sends to the background with Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("fuzz", deadline=None, print_blob=True)
settings.load_profile("fuzz" if os.environ.get("OOMLAB_FUZZ") else "ci")


@pytest.fixture(autouse=True)
def no_scenario_is_left_behind():
    """What a test, or a program of the docs, adds to the list is gone after it."""
    before = dict(SCENARIOS)
    yield
    if before.keys() != SCENARIOS.keys():
        SCENARIOS.clear()
        SCENARIOS.update(before)


def _skip_is_failure(report):
    if os.environ.get("OOMLAB_CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr[2]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _skip_is_failure((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _skip_is_failure((yield))
