"""Reports as one HTML page that needs nothing else: no script, no network, light or dark."""

from collections.abc import Iterable
from html import escape

from ..judge.explanation import Explanation
from .many import Brief, summary_text
from .report_picture import picture
from .words import headline, printable, text_of

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: CanvasText; background: Canvas; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin-bottom: 0; }
.cause { font-size: 1.15rem; }
section { border-top: 1px solid GrayText; padding-top: .5rem; margin-top: 1.5rem; }
pre { overflow: auto; padding: .6rem; border: 1px solid GrayText; font-size: .8rem; }
@media print {
  pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""


def section(explanation: Explanation) -> str:
    """One report as a part of a page."""
    report = explanation.report
    drawn = f'<div style="overflow-x:auto" tabindex="0">{picture(explanation).svg}</div>'
    return (
        f'<section id="r{report.lines[0]}"><h2>{escape(printable(headline(report)))}</h2>'
        f"{body(explanation, drawn)}</section>"
    )


def html_of(explanation: Explanation) -> str:
    """One report as the output of a notebook's cell."""
    drawn = picture(explanation)._repr_mimebundle_()["text/html"]
    head = escape(printable(headline(explanation.report)))
    return f"<p><b>{head}</b></p>{body(explanation, drawn)}"


def body(explanation: Explanation, drawn: str) -> str:
    """What to know, the picture, what to do, the whole text."""
    advice = "".join(f"<li>{escape(printable(each))}</li>" for each in explanation.advice)
    return (
        f'<p class="cause">{escape(printable(explanation.cause.sentence))}</p>{drawn}'
        f"<h3>What to do</h3><ul>{advice}</ul>"
        f"<details><summary>The whole explanation</summary>"
        f'<pre tabindex="0">{escape(text_of(explanation))}</pre></details>'
    )


def page_of(sections: Iterable[str], briefs: list[Brief]) -> str:
    """The whole page: a summary if there are several reports, then each of them."""
    title = f"{len(briefs)} OOM report{'s' * (len(briefs) != 1)}"
    over = escape(printable(summary_text(briefs)))
    head = f'<pre tabindex="0">{over}</pre>' if len(briefs) > 1 else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{head}{''.join(sections)}</main></body></html>\n"
    )
