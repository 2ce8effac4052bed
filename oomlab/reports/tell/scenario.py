"""A report among the scenarios: from then on it runs, and opens in the policy lab, by its name.

register_report("friday", report)
oomlab.run("friday", "linux-6.1")
"""

from ...model.kernel import Kernel
from ...policies.policy import Policy
from ...scenarios import SCENARIOS
from ..judge.report_machine import scenario_from_report
from ..read.report import Report
from .words import headline, printable


def register_report(name: str, report: Report) -> None:
    """Add the machine of a report to the scenarios; it runs on under whatever policy is chosen.

    ValueError if the name is taken (a run finds its machine again by that name), or if the report
    has too little in it for a machine.
    """
    if name in SCENARIOS:
        raise ValueError(f"there is a scenario {name!r} already; choose another name")
    scenario_from_report(report)  # says what is missing now, and not when it is run

    def reported(policy: Policy) -> Kernel:
        return scenario_from_report(report, policy)

    reported.__doc__ = printable(f"{headline(report)}, from the moment of the OOM on.")
    SCENARIOS[name] = reported
