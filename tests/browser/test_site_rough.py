"""The site in rough hands: mails that change its links, hosts with headers of their own, programs
that never end or end Python, browsers that keep nothing, and markup that has come into a page.
"""

import re
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from visits import ALIVE, ROOT, alive

from oomlab.doors.site import HERE_ONLY, Quiet

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
REPORT = (ROOT / "tests" / "data" / "reports" / "6.1-global.txt").read_text()
# The same step, as mail programs send it on: "=" and "&" as digits, "&" as HTML has it, all dashes
# and dots as digits.
MAILED = (
    "scenario%3Dlost-victim%26policy%3Dhanda%26step%3D5",
    "scenario=lost-victim&amp;policy=handa&amp;step=5",
    "scenario=lost%2Dvictim&policy=handa&step=5",
)
# What is not to be taken for another address.
NOT_MEANT = {
    "scenario=lost-victim&polcy=handa": "no setting 'polcy'",
    "scenario=decoys&self=1": "no setting 'self'",
    "knobs=__proto__:1": "no knob or parameter '__proto__'",
    "scenario=lost-victim&policy=handa&step=5)": "names step 5); the steps of this run are 0 to 21",
    "step=999": "names step 999",
}
DROP = """async ([place, texts, pack]) => {
    const files = new DataTransfer();
    for (const text of texts) {
        const body = new Blob([text]).stream();
        const sent = pack ? body.pipeThrough(new CompressionStream("gzip")) : body;
        files.items.add(new File([await new Response(sent).blob()], "kern.log"));
    }
    const drop = new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
    document.querySelector(place).dispatchEvent(drop);
    return drop.defaultPrevented;
}"""
KEEPS_NOTHING = """Object.defineProperty(window, "localStorage", {
    configurable: true, get() { throw new DOMException("denied", "SecurityError"); },
})"""
INTO_A_PAGE = (
    "<img src=x onerror='window.ran = 1'>",
    "<svg onload='window.ran = 1'></svg>",
    "<iframe srcdoc='<script>top.ran = 1</script>'></iframe>",
    "<iframe srcdoc='<script src=data:text/javascript,top.ran=1></script>'></iframe>",
)


def test_a_link_is_what_it_was_after_a_mail(visit, home):
    page = visit(f"{home}lab.html#{MAILED[0]}")
    now = page.locator(".oomlab .now").first
    for mailed in MAILED:
        page.goto("about:blank")
        page.goto(f"{home}lab.html#{mailed}")
        now.filter(has_text="Step 5 of 21").wait_for(timeout=ALIVE)
        page.wait_for_url(re.compile("#scenario=lost-victim&policy=handa&seed=0&step=5$"))


def test_a_link_that_says_more_than_is_known_shows_no_other_run_in_silence(visit, home):
    page = visit(f"{home}lab.html")
    alive(page)
    error = page.locator(".oomlab .error")
    for asked, sentence in NOT_MEANT.items():
        page.goto(f"{home}lab.html#{asked}")
        error.filter(has_text=sentence).wait_for(timeout=ALIVE)
    page.goto("about:blank")
    page.goto(f"{home}lab.html#step=999")  # when there is no lab yet that could say it
    error.filter(has_text="names step 999").wait_for(timeout=ALIVE)


class Strange(Quiet):
    """A host below a path, that knows few types, and sends a .gz as a packed answer."""

    extensions_map = {"": "application/octet-stream", ".html": "text/html", ".css": "text/css"}
    extensions_map |= {".js": "text/javascript", ".svg": "image/svg+xml"}

    def guess_type(self, path):
        return self.extensions_map.get(re.sub(r".*(?=\.)", "", str(path)), "text/plain")

    def translate_path(self, path):
        return super().translate_path(path.removeprefix("/course/oomlab"))

    def end_headers(self):
        if self.path.endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()


@contextmanager
def strange_host(folder):
    with ThreadingHTTPServer((HERE_ONLY, 0), partial(Strange, directory=str(folder))) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://{HERE_ONLY}:{serving.server_port}/course/oomlab/"
        serving.shutdown()


def test_a_host_may_send_what_headers_it_likes(visit, built):
    assert (built / ".nojekyll").exists()  # or GitHub leaves out _static
    with strange_host(built) as address:
        alive(visit(f"{address}lab.html"))


@pytest.mark.parametrize("lost", ["pyodide.asm.wasm", "python_stdlib.zip", "pyodide.asm.mjs"])
def test_half_a_file_that_came_is_told(browser, built, tmp_path, lost):
    """And no page says for ever that Python is starting."""
    folder = Path(shutil.copytree(built, tmp_path / "site"))
    file = folder / "_static" / "pyodide" / f"{lost}.gz"
    file.write_bytes(file.read_bytes()[:100_000])
    with strange_host(folder) as address:
        page = browser.new_page()
        page.goto(f"{address}lab.html")
        said = page.get_by_role("status").filter(has_text="Python could not start: ")
        said.wait_for(timeout=ALIVE)
        assert "[object" not in said.inner_text()
        page.close()


def test_markup_that_has_come_into_a_page_runs_nothing(browser, home, built):
    """No way is known by which it would come; the policy of the page holds if there is one."""
    places = (
        "lab.html",
        "explain.html",
        "course/02-pages-and-reserves.html",
        "exercises/level-1.html",
    )
    for place in places:
        page = browser.new_page()
        page.goto(f"{home}{place}")
        for markup in INTO_A_PAGE:
            page.evaluate("(html) => document.querySelector('h1').innerHTML += html", markup)
        page.wait_for_timeout(500)
        assert page.evaluate("window.ran") is None, place
        page.close()
    page = browser.new_page()
    page.goto((built / "oomlab.html").as_uri())
    for markup in INTO_A_PAGE[:-1]:  # the one file holds its scripts as data: addresses
        page.evaluate("(html) => document.querySelector('h1').innerHTML += html", markup)
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    page.close()


def test_a_program_that_ends_python_or_never_ends_is_told_and_stopped(browser, home):
    page = browser.new_page()
    page.goto(f"{home}exercises/level-1.html")
    box = page.locator(".oomlab-exercise[data-exercise=find-cycle]")
    text, said = box.locator("textarea"), box.locator("pre")

    def check(code, sentence):
        text.fill(code)
        box.get_by_role("button", name="check").click()
        said.filter(has_text=sentence).wait_for(timeout=ALIVE)

    check("import os\nos._exit(0)", "Python ended, and starts anew")  # before there is a Python
    fine = "def find_cycle(graph):\n    return []"
    check(fine, "visible checks")
    check("import os\nos.abort()", "Python ended, and starts anew")
    check("import os\nos._exit(0)", "Python ended, and starts anew")
    check(fine, "visible checks")
    check("while True:\n    pass", "running")
    page.get_by_role("button", name="stop it").click(timeout=ALIVE)
    said.filter(has_text="Stopped.").wait_for()
    check(fine, "visible checks")


def test_what_a_patch_left_in_python_does_not_read_what_is_pasted(visit, built):
    """In the one file, too, where a page is shown in the place of another."""
    file = (built / "oomlab.html").as_uri()
    page = visit(file)
    alive(page)
    page.locator("summary", has_text="A patch of your own").click()
    text = page.get_by_label("the patch, as Python text")
    spy = "import oomlab.reports.judge.explain as spied\nspied.explain = None\n"
    text.fill(text.input_value() + f"\n{spy}")
    page.locator("#run-patch").click()
    page.locator("#patch-says", has_text="now runs your patch").wait_for(timeout=ALIVE)
    page.goto(f"{file}#page=explain.html")
    page.locator(".oomlab textarea").fill(REPORT)
    page.get_by_role("button", name="explain").click()
    page.get_by_role("status").filter(has_text="The kernel killed m3 (87)").wait_for(timeout=ALIVE)


def test_a_patch_that_never_ends_is_stopped_and_a_link_opened_after_it(visit, home):
    page = visit(f"{home}lab.html")
    alive(page)
    page.locator("summary", has_text="A patch of your own").click()
    text, says = page.get_by_label("the patch, as Python text"), page.locator("#patch-says")
    text.fill("")
    page.locator("#run-patch").click()
    says.filter(has_text="patch.py must say what it changes").wait_for(timeout=ALIVE)
    text.fill("while True:\n    pass")
    page.locator("#run-patch").click()
    page.get_by_role("button", name="stop it").click(timeout=ALIVE)
    says.filter(has_text="Stopped before the patch had run.").wait_for()
    page.goto(f"{home}lab.html#scenario=decoys&policy=handa&step=3")
    page.locator(".oomlab .now", has_text="Step 3 of").first.wait_for(timeout=ALIVE)
    assert page.locator('.oomlab [data-control="scenario"]').input_value() == "decoys"


def test_files_are_dropped_anywhere_one_or_many_packed_or_not(visit, home):
    page = visit(f"{home}explain.html")
    alive(page)
    reports = page.get_by_label("which report of this text").locator("option")
    for place, texts, packed, found in (
        (".oomlab textarea", [REPORT], True, 3),
        ("h1", [REPORT, REPORT], False, 6),
    ):
        assert page.evaluate(DROP, [place, texts, packed])
        reports.nth(found - 1).wait_for(state="attached", timeout=ALIVE)
        assert reports.count() == found
    # Dragged words are the browser's.
    assert not page.evaluate(DROP, [".oomlab textarea", [], False])
    page.get_by_role("button", name="summary of all reports").click()
    summary = page.locator("#report-summary")
    summary.filter(has_text="6 OOM reports").wait_for()
    page.locator(".oomlab textarea").fill("nothing")
    page.get_by_role("button", name="summary of all reports").click()
    page.locator(".python-note", has_text="no OOM report").wait_for()
    assert not summary.is_visible()


def test_what_is_written_is_kept_from_the_first_letter(browser, home):
    """On a slow machine, too: before the page can keep it, nothing can be written."""
    context, held = browser.new_context(), []
    page = context.new_page()
    page.route("**/exercise.js", lambda route: held.append(route))
    page.goto(f"{home}exercises/level-1.html")
    text = page.locator(".oomlab-exercise[data-exercise=find-cycle] textarea")
    while not held:
        page.wait_for_timeout(50)
    assert text.input_value() and not text.is_editable()
    held.pop().continue_()
    text.fill("def find_cycle(graph): ...")
    page.unroute("**/exercise.js")
    page.reload()
    page.locator("body.exercises-alive").wait_for(timeout=ALIVE)
    assert text.input_value() == "def find_cycle(graph): ..."
    context.close()


def test_where_nothing_is_kept_all_else_works_and_the_page_says_so(browser, home):
    context = browser.new_context()
    context.add_init_script(KEEPS_NOTHING)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{home}exercises/level-1.html")
    page.locator("body.exercises-alive").wait_for(timeout=ALIVE)
    box = page.locator(".oomlab-exercise[data-exercise=find-cycle] textarea")
    box.fill("def find_cycle(graph): ...")
    page.locator(".oomlab-sheet", has_text="This browser keeps nothing").wait_for()
    page.locator(".theme-toggle:visible").first.click()
    assert page.evaluate("document.body.dataset.theme") == "dark"
    page.goto(f"{home}course/02-pages-and-reserves.html")
    page.locator(".oomlab.asks").wait_for()
    context.close()
    assert not wrong
