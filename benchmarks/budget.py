"""What a visitor of the site waits for, beside Voila and JupyterLite; each visit in a new profile.

    python benchmarks/budget.py          # builds a site with one lesson; needs npm and Chromium

Time on the clock, since a person waits for it: run it while the machine does nothing else. What
stands beside it is installed into environments of its own, .venv/voila and .venv/lite (lite.py).
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import lite
from measure import ROOT, table
from playwright.sync_api import Page, sync_playwright

from oomlab.doors.site import HERE_ONLY, Quiet, ThreadingHTTPServer

VISITS, TURNS = 5, 40
LONGEST = 120_000  # ms that a visit waits for anything
VOILA = ROOT / ".venv" / "voila"
CELL = 'from oomlab.lab import PolicyLab\nPolicyLab("lost-victim", "rfc-2015-11-25")'
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

# The first frame with a picture of the run, and the first with the timeline that can be moved.
SEEN = """(() => {
    const seen = (window.seen = {});
    const note = (name, what) => {
        if (document.querySelector(what)?.clientHeight) seen[name] ??= performance.now();
    };
    const look = () => {
        note("picture", "img.oomlab-figure, .oomlab canvas");
        note("timeline", ".oomlab canvas");
        if (!seen.timeline) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
TEXT = """new Promise((seen) => new PerformanceObserver((list) => {
    for (const each of list.getEntriesByName("first-contentful-paint")) seen(each.startTime);
}).observe({ type: "paint", buffered: true }))"""
# From the click on a knob to the first frame after its picture was drawn.
KNOB = """async (turns) => {
    const shown = () => performance.getEntriesByName("oomlab-painted").length, took = [];
    const knob = document.querySelector('[data-control="knob reaper_naps"]');
    for (let turn = 0; turn < turns; turn++) {
        await new Promise((rest) => setTimeout(rest, 80 + 40 * Math.random()));
        const before = shown(), start = performance.now();
        knob.click();
        do await new Promise(requestAnimationFrame); while (shown() === before);
        took.push(performance.now() - start);
    }
    return took.slice(5);
}"""


class Counting(Quiet):
    """Counts what the pages are sent."""

    sent = 0

    def copyfile(self, source, outputfile) -> None:
        data = source.read()
        type(self).sent += len(data)
        outputfile.write(data)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder's files, while they are served and counted from zero."""
    Counting.sent = 0
    serving = ThreadingHTTPServer(
        (HERE_ONLY, 0), lambda *asked: Counting(*asked, directory=str(folder))
    )
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://{HERE_ONLY}:{serving.server_port}/"
    serving.shutdown()


@contextmanager
def voila() -> Iterator[str]:
    """The address of a notebook with the lab in Voila. ValueError if Voila cannot be had."""
    if not (VOILA / "bin" / "voila").exists():
        subprocess.run([sys.executable, "-m", "venv", VOILA], check=True)
        pip = [VOILA / "bin" / "pip", "install", "--quiet", "voila", "-e", f"{ROOT}[lab]"]
        if subprocess.run(pip, check=False).returncode:
            raise ValueError("Voila could not be installed")
    import nbformat

    with tempfile.TemporaryDirectory() as work:
        cells = [nbformat.v4.new_code_cell(CELL)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), Path(work) / "lab.ipynb")
        command = [VOILA / "bin" / "voila", "lab.ipynb", "--no-browser", "--port=8867"]
        server = subprocess.Popen(command, cwd=work, stderr=subprocess.DEVNULL)
        address = f"http://{HERE_ONLY}:8867/"
        try:
            for _ in range(300):
                try:
                    urlopen(f"{address}voila/static/favicon.ico")
                    break
                except URLError:
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def visit(chromium, address: str, alive: str) -> tuple[Page, list[float]]:
    """The lab in a new profile, and the milliseconds to its text, its picture, its timeline, and to
    the first answer that a knob can have.
    """
    page = chromium.new_context().new_page()
    page.add_init_script(SEEN)
    page.goto(address, wait_until="commit")
    page.locator(".oomlab canvas").wait_for(timeout=LONGEST)
    page.locator(alive).first.wait_for(timeout=LONGEST, state="attached")
    ready, seen = page.evaluate("performance.now()"), page.evaluate("window.seen")
    return page, [page.evaluate(TEXT), seen["picture"], seen["timeline"], ready]


def measured(chromium, address: str, alive: str) -> list[str]:
    """A column of the table: median of the visits, then what a knob takes in the last of them."""
    taken = []
    for number in range(VISITS):
        page, took = visit(chromium, address, alive)
        taken.append(took)
        if number < VISITS - 1:
            page.context.close()
    sent = f"{Counting.sent / VISITS / 1e6:.1f} MB" if Counting.sent else ""
    text, picture, timeline, ready = (median(each) / 1000 for each in zip(*taken, strict=True))
    knobs = page.evaluate(KNOB, TURNS)
    page.context.close()
    return [
        f"{text:.2f} s",
        f"{max(picture - text, 0):.2f} s",
        f"{timeline - text:.2f} s",
        f"{ready:.2f} s",
        f"{median(knobs):.0f} ms",
        f"{quantiles(knobs, n=20)[-1]:.0f} ms",
        sent,
    ]


def main() -> None:
    """Print the table; a column that cannot be measured says why."""
    found = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    if not found or not shutil.which("npm"):
        print("\nThe site's budget is not measured: it needs Chromium and npm.")
        return
    names = [
        "text",
        "first picture, after the text",
        "its timeline, after the text",
        "alive",
        "knob to picture, median",
        "knob to picture, 95 of 100",
        "sent, until it is alive",
    ]
    budget = ["1 s", "0.5 s", "", "4 s", "60 ms", "100 ms", "7 MB"]
    columns = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as work:
        chromium = playwright.chromium.launch(
            executable_path=found, args=["--disable-gpu", OFFLINE]
        )
        site = Path(work) / "site"
        build = [sys.executable, ROOT / "site" / "build.py", "--out", site, "--lessons", "01"]
        subprocess.run(build, check=True, capture_output=True)
        with served(site) as address:
            columns.append(measured(chromium, f"{address}lab.html", "body[data-python=ready]"))
        for kind in (beside_voila, beside_lite):
            Counting.sent = 0
            try:
                columns.append(kind(chromium, Path(work)))
            except ValueError as wrong:
                columns.append([str(wrong)] * len(names))
        chromium.close()
    rows = [list(row) for row in zip(names, budget, *columns, strict=True)]
    table("The lab in a browser", ["", "budget", "site", "Voila", "JupyterLite"], rows)


def beside_voila(chromium, _: Path) -> list[str]:
    with voila() as address:
        return measured(chromium, address, ".oomlab canvas")


def beside_lite(chromium, work: Path) -> list[str]:
    """The cell in JupyterLite's console, the one of its pages that runs what its address says."""
    pyodide = work / "site.work" / "pyodide" / "package"  # the one that the site was built with
    cell = f"{lite.INSTALL}\n{CELL}"
    with served(lite.built(work / "lite", pyodide)) as address:
        asked = f"repl/index.html?kernel=python&execute=1&code={quote(cell)}"
        return measured(chromium, address + asked, ".oomlab canvas")


if __name__ == "__main__":
    main()
