"""A run, or two side by side, as one HTML file: no Python, no server, no request.

    oomlab.run("lost-victim", "rfc-2015-11-25", seed=3).save("story.html")

The file carries the timeline's own JavaScript and the run as packed data. Where scripts do not run,
on paper and for a screen reader, what happened stands below as text.
"""

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path

from ..policies.policy import Policy
from ..policies.presets import difference
from ..simulate.kernel_log import kernel_log
from ..simulate.run import Run
from ..version import VERSION
from .details import details
from .discussion_sheet import discussion_sheet
from .facts import divergence, heading, several
from .figures import whole_run
from .payload import payload
from .timeline import moments, shown_steps

HERE = Path(__file__).parent
VIEWER = (
    "dom.js",
    "unpacked_run.js",
    "timeline.js",
    "stepping.js",
    "kernellog.js",
    "details.js",
    "codeview.js",
    "stateview.js",
    "waitsview.js",
    "viewer.js",
)

MOST_DETAILED = 1500  # steps of which a page has code, state and waits: it stays small

# The page may run what it carries and nothing else; it can ask no host for anything.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'"
)

MOST_KEPT = 200_000  # letters of a page in a notebook; of a longer run only the picture is kept

COMMENT = re.compile(r"(^\s*|  )//.*")  # ours stand alone, or two spaces after what they are about

STYLE = """
body { margin: 0 auto; max-width: 68rem; padding: 0 .75rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.3rem; } pre { white-space: pre-wrap; font-size: .85rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { border: 1px solid #999; padding: .15rem .5rem; text-align: left; }
@media screen and (prefers-color-scheme: dark) { body { background: #111418; color: #f2f2f2; } }
@media print {
  .oomlab > .row, .lane, .oomlab .log, .oomlab div.quiet { display: none !important; }
  .oomlab * { print-color-adjust: exact; max-height: none !important; content-visibility: visible; }
  .oomlab .pane, .oomlab .lanes { break-inside: avoid; } .oomlab { contain: none; padding: 0; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""


def view_of(runs: list[Run]) -> dict:
    """What the viewer needs of one run or two: sentences, pictures, where they part."""
    parted = divergence(*runs) if len(runs) > 1 else None
    return {
        "sentence": " ".join(outcome_sentence(run) for run in runs),
        "pictures": [payload(run) for run in runs],
        "parted": [[m.step, m.sentence] if m else None for m in parted] if parted else None,
        "differs": differs(runs[0].policy, runs[-1].policy),
    }


def differs(first: Policy, second: Policy) -> str:
    """In what two policies differ, as a sentence: knobs, functions of a patch, or nothing."""
    ways = list(difference(first, second))
    if first.patch != second.patch:
        ways.append("functions of a patch")
    if not ways:
        return "The two policies are the same."
    return f"The policies differ in {several(ways, 8)}."


def outcome_sentence(run: Run) -> str:
    """How it ended, and why; a kernel's own message may bring its own full stops."""
    return f"{run.origin.policy_words()}: {run.outcome.verdict}; {run.outcome.why.rstrip('.')}."


def html_of(runs: list[Run], papers: Mapping[str, str] | None = None) -> str:
    """One or two runs as a page that needs nothing but a browser.

    `papers` are further texts by title: the answer that the run is from, a claim as a sheet.
    """
    view = view_of(runs)
    view["details"] = [
        {**details(run, 0, min(shown_steps(run), MOST_DETAILED)), "picture": number}
        for number, run in enumerate(runs)
    ]
    for picture in view["pictures"]:
        picture["columns"] = packed(picture["columns"])
    policies = " against ".join(run.origin.policy_words() for run in runs)
    short = escape(f"{runs[0].scenario}: {policies}")
    title = escape(" against ".join(heading(run) for run in runs))
    first, *rest = (
        bare((HERE / name).read_text("utf-8")) for name in ("unpack.js", *VIEWER, "run_page.js")
    )
    looks = bare((HERE / "policylab.css").read_text("utf-8"))
    text = "".join(as_text(run) for run in runs)
    dense = json.dumps(view, separators=(",", ":"))
    papers = {**(papers or {}), "The set-up, and questions to discuss": discussion_sheet(runs)}
    kept = "".join(folded(name, f"<pre>{escape(paper)}</pre>") for name, paper in papers.items())
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="oomlab {VERSION}">
<title>{title}</title>
<style>{STYLE}</style>
<body>
<main>
<h1>{short}</h1>
<p><small>{title}</small></p>
<div id="run"></div>
{text}
{kept}
<p><small>Written by oomlab {VERSION}. This page asks no other host for anything.</small></p>
</main>
<script type="application/octet-stream" id="data">{packed(dense.encode())}</script>
<script type="application/octet-stream" id="style">{packed(looks.encode())}</script>
<script type="application/octet-stream" id="code">{packed(chr(10).join(rest).encode())}</script>
<script>{first}</script>
</body>
</html>
"""


def framed(runs: list[Run]) -> dict[str, str]:
    """What a notebook keeps of a widget for where none can live: the same page in a frame.

    A frame has scripts and styles of its own, so that nothing leaks into the page around it. Where
    frames are taken out (a notebook that is not trusted yet) the picture inside it is left.
    """
    picture = whole_run.figure(*runs)
    title = escape(" against ".join(heading(run) for run in runs))
    style = "width:100%;height:42rem;border:0"
    attributes = f'title="{title}" sandbox="allow-scripts" style="{style}"'
    page = html_of(runs)
    frame = f'<iframe {attributes} srcdoc="{escape(page)}">{picture.img}</iframe>'
    shown = frame if len(page) < MOST_KEPT else picture.img
    return {"text/html": shown, "text/plain": picture.alt_text}


def as_text(run: Run) -> str:
    """What happened, and what the kernel printed, for those who do not see the timeline."""
    rows = "".join(
        f"<tr><td>{moment.step + 1}</td><td>{escape(moment.sentence)}</td></tr>"
        for moment in moments(run)
    )
    table = (
        f"<p>{escape(outcome_sentence(run))}</p>"
        "<table><thead><tr><th>step</th><th>what happens</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    log = "\n".join(line for _, line in kernel_log(run))
    policy = run.origin.policy_words()
    return folded(f"What happened under {policy}, as a table", table) + folded(
        f"What the kernel printed under {policy}", f"<pre>{escape(log)}</pre>"
    )


def packed(content: bytes) -> str:
    """What the page carries: compressed, and as base64."""
    return b64encode(gzip.compress(content, 9, mtime=0)).decode()


def bare(script: str) -> str:
    """A script without its comments and its indentation, which the file need not carry."""
    lines = (COMMENT.sub("", line).strip() for line in script.splitlines())
    return "\n".join(filter(None, lines))


def folded(title: str, content: str) -> str:
    """Something of a page that is opened by who wants it, and is whole on paper."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>\n"
