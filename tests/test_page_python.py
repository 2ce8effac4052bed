"""The Python of the site's pages has nothing but oomlab, its stand-ins and the standard library."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """\
import json, sys
sys.path[:0] = ["site/standin", "site/wasm", "."]
import bridge, oomlab.lab
from anywidget import MIME
said = []
bridge.begin(lambda text, buffers: said.append(json.loads(text)))
def page_says(to, **what):
    said.clear()
    bridge.receive(json.dumps({"to": to, **what}))
def opened(widget, *args, parts={}, **how):
    return dict(widget=widget, made_with=[args, how], known={}, parts=parts)
"""


def page(code):
    """Run code in a Python without site-packages; what it prints."""
    asked = [sys.executable, "-S", "-E", "-c", HEAD + code]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_widget_is_made_in_a_page():
    page("""
tried = {
    "PolicyLab": opened("PolicyLab", "lost-victim"),
    "Prediction": opened("Prediction", "who-dies"),
    "ReportView": opened("ReportView"),
    "Sentence": opened("Sentence", "{victims}", "lost-victim", "handa", "pages", victims=[1, 9]),
    "TimelineView": opened("TimelineView", "lost-victim", "handa", victims=3),
    "Verdicts": opened("Verdicts", ["lost-victim"], ["linux-4.4"]),
}
assert set(tried) | {"figures"} == set(oomlab.lab.HOMES)
for number, message in enumerate(tried.values()):
    page_says(number, open=message)
    assert said[-1] == {"to": number, "opened": True}, said
""")


def test_a_cell_of_the_table_of_verdicts_is_opened_in_the_lab_that_the_page_shows():
    page("""
table = oomlab.lab.Verdicts(["lost-victim", "stuck-writer"], ["linux-4.4", "linux-4.6"])
baked, lab = (w._repr_mimebundle_()[0][MIME]["widget"] for w in (table, table.lab))
assert baked["parts"] == {"lab": lab["nth"]} and baked["nth"] != lab["nth"]
page_says(1, open=opened("PolicyLab", "lost-victim", "linux-4.4"))
page_says(2, open=opened("Verdicts", *baked["made_with"][0], parts={"lab": 1}))
page_says(2, msg={"scenario": "stuck-writer", "policy": "linux-4.6"})
answer, heard = said
assert heard["to"] == 2 and "msg" in heard
settings = json.loads(answer["state"]["view"])["settings"]
assert answer["to"] == 1 and settings["scenario"] == "stuck-writer"
""")


def test_what_only_a_lesson_has_is_said_once_and_is_no_failure():
    page("""
page_says(1, open=opened("PolicyLab", "a-scenario-of-a-lesson"))
assert said == [{"to": 1, "still": True}]
page_says(1, msg={"do": "change", "with": {"seed": 1}})
assert said == []
""")
