"""A small table as a picture: words in coloured cells, for the page's light and dark theme alike.

    Grid("who stops whom", {"a victim in memcg1": {"memcg1": "stops", "memcg2": "goes on"}})

What a cell says is always written in it: its colour only helps to find it.
"""

from collections.abc import Mapping
from html import escape

from ..looks import VERDICTS

CELL = "padding:.3rem .6rem;border:1px solid #8886;text-align:center"
NARROW = CELL.replace(".6rem", ".25rem")  # where there are very many columns
WIDE, WIDEST = 8, 12  # columns: more of them are scrolled, with the keyboard, too
SHORT, LONG = 12, 40  # letters: a number or two stay on one line, sentences begin at the left


class Grid:
    """{row: {column: word}} under a title. `links`: where a cell leads, by (row, column)."""

    def __init__(
        self,
        title: str,
        rows: Mapping[str, Mapping[str, str]],
        links: Mapping[tuple[str, str], str] | None = None,
    ):
        self.title, self.rows, self.links = title, rows, links or {}
        self.columns = list(dict.fromkeys(name for row in rows.values() for name in row))
        longest = {c: max(len(row.get(c, "")) for row in rows.values()) for c in self.columns}
        self.style = NARROW if len(self.columns) >= WIDEST else CELL
        self.sentences = {column for column, letters in longest.items() if letters > LONG}

    def __repr__(self) -> str:
        lines = [self.title]
        for row, cells in self.rows.items():
            lines.append(f"{row}: " + ", ".join(f"{name} {word}" for name, word in cells.items()))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='{self.style}'>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr><th style='{self.style};text-align:left;white-space:nowrap'>{escape(name)}</th>"
            + "".join(self.cell(name, column, row.get(column, "")) for column in self.columns)
            + "</tr>"
            for name, row in self.rows.items()
        )
        table = (
            f"<table style='border-collapse:collapse'><caption style='text-align:left'>"
            f"{escape(self.title)}</caption><thead><tr><th></th>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )
        if len(self.columns) <= WIDE:
            return table
        about = f"tabindex='0' role='region' aria-label='{escape(self.title)}'"
        return f"<div style='overflow-x:auto' {about}>{table}</div>"

    def cell(self, row: str, column: str, word: str) -> str:
        """One cell: its word, thinly on its colour, and a link if there is one."""
        more = f";background:{VERDICTS[word]}55" if word in VERDICTS else ""
        more += ";text-align:left" if column in self.sentences else ""
        more += ";white-space:nowrap" if len(word) < SHORT else ""
        text = escape(word)
        if link := self.links.get((row, column)):
            text = f"<a style='color:inherit' href='{escape(link)}'>{text}</a>"
        return f"<td style='{self.style}{more}'>{text}</td>"
