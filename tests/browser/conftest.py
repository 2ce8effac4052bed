"""The fixtures: one JupyterLab and one Chromium for all browser tests, a fresh page for each."""

import fcntl
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from chromium import CHROMIUM
from drive_jupyterlab import JupyterLab, Notebook
from playwright.sync_api import sync_playwright
from stage import Stage
from visits import ROOT

from oomlab.doors.site import server
from oomlab.lab import PolicyLab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    server = JupyterLab(tmp_path_factory.mktemp("lab"))
    if NOTEBOOKS.exists():
        shutil.copytree(NOTEBOOKS, server.root, dirs_exist_ok=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        pytest.skip("no Chromium or Chrome found")
    with sync_playwright() as playwright:
        # No name resolves, so a page that needs another machine fails here as it would offline.
        offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[offline, "--disable-gpu", "--disable-quic"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def profile(browser):
    """One for all notebooks: the browser reads and compiles JupyterLab's scripts only once."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context
    context.close()


@pytest.fixture
def open_notebook(profile, lab):
    """Call it with a path below notebooks/; complaints that no assertion took fail the test."""
    opened = []

    def open_one(path):
        opened.append(Notebook(lab, profile.new_page(), path))
        return opened[-1]

    yield open_one
    for notebook in opened:
        notebook.close()
    assert not [line for notebook in opened for line in notebook.complaints]


@pytest.fixture
def write(lab):
    """Call it with a file name and the source of each cell: a notebook of the test's own."""

    def write_notebook(name, *cells):
        cells = [nbformat.v4.new_code_cell(source) for source in cells]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.root / name)
        return name

    return write_notebook


LAB = """\
from oomlab.lab import PolicyLab
lab = PolicyLab("{}", "{}")
lab"""


@pytest.fixture
def open_lab(open_notebook, write):
    """Open a notebook with one lab: (notebook, the lab's element)."""

    def open_one(scenario, policy, name="policylab.ipynb"):
        notebook = open_notebook(write(name, LAB.format(scenario, policy)))
        notebook.run_all()
        return notebook, notebook.page.locator(".oomlab")

    return open_one


@pytest.fixture
def open_stage(browser):
    """Call it with what PolicyLab takes: a Stage. What the page complains about fails the test."""
    opened = []

    def open_one(*args, dark=False, width=1024, **more):
        page = browser.new_page(viewport={"width": width, "height": 1000})
        page.set_default_timeout(5000)
        opened.append(Stage(page, PolicyLab(*args, **more), dark))
        return opened[-1]

    yield open_one
    for stage in opened:
        stage.page.close()
    assert not [line for stage in opened for line in stage.wrong]


@pytest.fixture(scope="session")
def built(tmp_path_factory, worker_id):
    """The folder of a site with two lessons, built once however many workers run the tests."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed; it fetches Python for the browser")
    home = tmp_path_factory.getbasetemp()
    home = home if worker_id == "master" else home.parent
    site = home / "site"
    with (home / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (site / "oomlab.html").exists():
            build = [sys.executable, ROOT / "site" / "build.py", "--out", site]
            build += ["--lessons", "02,12"]  # together they have every widget
            subprocess.run(build, check=True, cwd=home)
    return site


@pytest.fixture(scope="module")
def home(built):
    """The address of the site."""
    with server(built, 0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture
def visit(browser):
    """Call it with an address: a page in a new profile; complaints and strange requests fail."""
    asked, wrong, pages = [], [], []

    def open_one(address, **how):
        page = browser.new_page(**how)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.goto(address)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert not wrong
    assert {urlsplit(url).hostname for url in asked} <= {None, "", "127.0.0.1"}
    if asked[0].startswith("file:"):  # all is in it: nothing else is asked for
        assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {asked[0]}
