"""What was asked, in a form that is read: a table, where Python would print dicts in one long line.

table([{"pid": 7, "victim": True}, {"pid": 12, "victim": False}])
pid  victim
7    yes
12   no
"""

from collections.abc import Sequence


def cell(value: object) -> str:
    """One value: yes or no, names side by side, nothing where there is nothing."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def table(rows: Sequence[dict]) -> str:
    """A line for each row under the names of its columns; "(none)" if there are no rows."""
    if not rows:
        return "(none)"
    lines = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
