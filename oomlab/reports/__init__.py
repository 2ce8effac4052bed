"""Real OOM reports: read them, recompute the choice, say who ate the memory and what now.

>>> from oomlab.reports import explain
>>> [told.cause.kind for told in explain("no report is in this text")]
[]
"""

from ..arguments import checked
from .judge.explain import explain as _judge
from .judge.explanation import Explanation
from .read.parse import NotText, parse

__all__ = ["Explanation", "NotText", "explain"]


@checked
def explain(text: str | bytes) -> list[Explanation]:
    """Every OOM report of a log, judged by the rules of the kernel that wrote it.

    `text` is any part of a kernel log, with whatever syslog, journald, a container or a mail put
    around it. Each Explanation says why memory was out (`cause`), what to do (`advice`), who holds
    it (`account`, in KiB), whether each zone could have served the request (`zones`), whom the
    killer would take in which order (`ranked`, in pages) and whether the kernel did (`verdict`).
    Reports are in the order of the text; the list is empty if there are none. NotText, a
    ValueError, if it is no text. Sources: see docs/reports.md.
    """
    return [_judge(report) for report in parse(text)]
