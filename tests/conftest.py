"""With OOMLAB_CI set a skipped test is a failed one: CI has installed what a skip would miss."""

import os

import pytest


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
