"""What a visitor of the site waits for, beside Voila on this machine; each visit in a new profile.

    python benchmarks/budget.py          # builds a site with one lesson; needs npm and Chromium

Time on the clock, since a person waits for it: run it while the machine does nothing else. Voila is
installed into an environment of its own, .venv/voila. JupyterLite is not measured: its kernel needs
IPython and more as wheels of Pyodide's distribution, which no package registry has.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.error import URLError
from urllib.request import urlopen

from measure import ROOT, table
from playwright.sync_api import Page, sync_playwright

from oomlab.doors.site import HERE_ONLY, Quiet, ThreadingHTTPServer

VISITS, TURNS = 5, 40
VOILA = ROOT / ".venv" / "voila"
CELL = 'from oomlab.lab import PolicyLab\nPolicyLab("lost-victim", "rfc-2015-11-25")'

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
def site():
    """The address of a site that is built here, with the lab and one lesson."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "site"
        build = [sys.executable, ROOT / "site" / "build.py", "--out", folder, "--lessons", "01"]
        subprocess.run(build, check=True, capture_output=True)
        serving = ThreadingHTTPServer(
            (HERE_ONLY, 0), lambda *asked: Counting(*asked, directory=str(folder))
        )
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://{HERE_ONLY}:{serving.server_port}/"
        serving.shutdown()


@contextmanager
def voila():
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
    """The lab in a new profile, and the seconds to its text, its picture, and to the first answer
    that a knob can have.
    """
    page = chromium.new_context().new_page()
    page.goto(address, wait_until="commit")
    page.locator(".oomlab canvas").wait_for(timeout=120_000)
    picture = page.evaluate("performance.now()")
    page.locator(alive).first.wait_for(timeout=120_000, state="attached")
    ready = page.evaluate("performance.now()")
    return page, [page.evaluate(TEXT) / 1000, picture / 1000, ready / 1000]


def measured(chromium, address: str, alive: str) -> list[str]:
    """A column of the table: median of the visits, then what a knob takes in the last of them."""
    seen = []
    for number in range(VISITS):
        page, took = visit(chromium, address, alive)
        seen.append(took)
        if number < VISITS - 1:
            page.context.close()
    text, picture, ready = (median(each) for each in zip(*seen, strict=True))
    knobs = page.evaluate(KNOB, TURNS)
    page.context.close()
    return [
        f"{text:.2f} s",
        f"{picture - text:.2f} s",
        f"{ready:.2f} s",
        f"{median(knobs):.0f} ms",
        f"{quantiles(knobs, n=20)[-1]:.0f} ms",
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
        "alive",
        "knob to picture, median",
        "knob to picture, 95 of 100",
        "sent, until it is alive",
    ]
    budget = ["1 s", "0.5 s", "4 s", "60 ms", "100 ms", "7 MB"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--disable-gpu"])
        with site() as address:
            here = measured(chromium, f"{address}lab.html", "body[data-python=ready]")
            here.append(f"{Counting.sent / VISITS / 1e6:.1f} MB")
        try:
            with voila() as address:
                there = [*measured(chromium, address, ".oomlab canvas"), ""]
        except ValueError as wrong:
            there = [str(wrong)] * len(names)
        chromium.close()
    rows = [list(row) for row in zip(names, budget, here, there, strict=True)]
    table("The lab in a browser", ["", "budget", "site", "Voila"], rows)


if __name__ == "__main__":
    main()
