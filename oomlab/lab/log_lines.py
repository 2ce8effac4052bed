"""Lines of a log in a lesson, as they were printed.

    LogLines(log.splitlines()[:4])

JupyterLab breaks what print() writes wherever its page ends, in the middle of a number, too.
"""

from collections.abc import Sequence
from html import escape

from ..arguments import checked

STYLE = "margin:0;overflow-x:auto;white-space:pre;word-break:normal;font-size:.85em"


class LogLines:
    """Shows itself: no line is broken, and one that is longer than the page is scrolled."""

    @checked
    def __init__(self, lines: Sequence[str]):
        """`lines`: without their line ends."""
        self.text = "\n".join(lines)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        region = 'tabindex="0" role="group" aria-label="log"'  # scrolled with the keyboard, too
        return f'<pre {region} style="{STYLE}">{escape(self.text)}</pre>'
