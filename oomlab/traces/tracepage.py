"""A real trace as a page of its own: picture, table, what the model says, the report. No script."""

from html import escape

from ..reports import Explanation
from ..reports.tell.page import section

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 60rem; padding: 0 .75rem; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.3rem; }} h2 {{ font-size: 1.1rem; }} svg {{ max-width: 100%; height: auto; }}
.wide {{ overflow-x: auto; }} pre {{ white-space: pre-wrap; font-size: .85rem; }}
table {{ border-collapse: collapse; font-size: .9rem; }}
th, td {{ border: 1px solid #999; padding: .15rem .5rem; text-align: left; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111418; color: #f2f2f2; }} }}
</style>
<h1>{title}</h1>
<div class="wide" tabindex="0">{picture}</div>
<div class="wide" tabindex="0">{table}</div>
<h2>Beside the model</h2>
{beside}
{reports}
"""


def page_of(
    title: str,
    table: list[list[str]],
    sentences: list[str],
    picture: str,
    reports: list[Explanation],
) -> str:
    """`table` are its lines, the names of the columns first; `reports` are explained."""
    head, *rows = [[escape(cell) for cell in cells] for cells in table]
    names = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return PAGE.format(
        title=escape(title),
        picture=picture if rows else "",
        table=f"<table><tr>{names}</tr>{body}</table>" if rows else "",
        beside="<ul>" + "".join(f"<li>{escape(s)}</li>" for s in sentences) + "</ul>",
        reports="".join(f"<h2>The report beside it</h2>{section(each)}" for each in reports),
    )
