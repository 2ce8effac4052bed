"""A run as one HTML file: small, whole, without a request, and a text for those who need one."""

import json
import re
from html import unescape
from itertools import cycle

import pytest

import oomlab
from oomlab.lab.controller import Controller
from oomlab.lab.run_page import COMMENT, HERE, VIEWER, framed, html_of, outcome_sentence
from oomlab.scenarios import SCENARIOS
from oomlab.sheets import sheet_of
from oomlab.simulate.kernel_log import kernel_log
from oomlab.traces import ftrace_text

FOUND = oomlab.explore("lost-victim", "rfc-2015-11-25")


def test_an_ordinary_run_is_less_than_60_kib():
    """Nine of ten, with what each scenario is by itself; of the rest none is much more, but the
    storm: it is made to be long.
    """
    ordinary = [scenario for scenario in SCENARIOS if scenario != "oom-storm"]
    pages = [
        len(html_of([oomlab.run(scenario, policy, seed=1)]).encode()) / 1024
        for scenario, policy in zip(ordinary, cycle(("linux-4.6", "handa")), strict=False)
    ]
    assert len(pages) > 35 and max(pages) < 70
    assert sum(size < 60 for size in pages) >= 0.9 * len(pages)


def test_it_asks_for_nothing_and_may_not():
    page = html_of([oomlab.run("lost-victim", "rfc-2015-11-25", schedule=FOUND.pids)])
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert "busy with" in page  # what the moment table says, without any script
    assert page == html_of([oomlab.run("lost-victim", "rfc-2015-11-25", schedule=FOUND.pids)])


def test_saving(tmp_path):
    run = oomlab.run("lost-victim", "rfc-2015-11-25", seed=3)
    assert run.save(tmp_path / "a.html").read_text() == html_of([run])
    saved = json.loads(run.save(tmp_path / "a.json").read_text())
    assert saved["oomlab"] == json.loads(run.to_json())
    assert run.save(tmp_path / "a.txt").read_text() == ftrace_text(run) + "\n"
    assert FOUND.save(tmp_path / "b.html").exists()
    with pytest.raises(ValueError, match="not as a.odt"):
        run.save(tmp_path / "a.odt")
    with pytest.raises(ValueError, match="no schedule to run"):
        oomlab.explore("lost-victim", "handa", vmas=1).save(tmp_path / "c.html")


def test_an_answer_and_its_claim_are_in_the_file(tmp_path):
    page = unescape(FOUND.save(tmp_path / "found.html").read_text("utf-8"))
    assert FOUND.sentence() in page and sheet_of(FOUND).text() in page
    assert "busy with victim1" in page and "Memory cgroup out of memory" in page  # the log, too
    drawn = oomlab.hunt("lost-victim", "rfc-2015-11-25", runs=300, seed=1)
    page = unescape(drawn.save(tmp_path / "drawn.html").read_text("utf-8"))
    assert drawn.sentence() in page and "as a sheet" not in page  # it claims nothing
    assert FOUND.save(tmp_path / "found.svg").read_text("utf-8").startswith("<svg ")


def test_a_comparison_is_a_file_of_both(tmp_path):
    both = oomlab.compare("page-thieves", ("linux-4.6", "handa"), seeds=2)
    content = both.save(tmp_path / "both.html").read_bytes()
    page = unescape(content.decode())
    assert len(content) < 100 * 1024 and both.markdown() in page
    for run in both.parting()[:2]:
        assert outcome_sentence(run) in page and "\n".join(x for _, x in kernel_log(run)) in page
    assert both.save(tmp_path / "both.svg").read_text("utf-8").count("page-thieves thieves=") > 2
    with pytest.raises(ValueError, match="saved as .html or .svg, not as both.json"):
        both.save(tmp_path / "both.json")


def test_a_notebook_is_not_filled_by_a_long_run():
    short, long = (framed([oomlab.run(name, "handa")]) for name in ("lost-victim", "oom-storm"))
    assert short["text/html"].startswith("<iframe ") and "<img " in short["text/html"]
    assert long["text/html"].startswith("<img ") and len(long["text/html"]) < 300_000
    assert short["text/plain"].startswith("Lanes of ")


def test_scripts_can_be_bared():
    """Line by line: no text of theirs goes over a line's end, and none holds what ends a line."""
    for name in ("unpack.js", *VIEWER, "run_page.js"):
        for line in (HERE / name).read_text("utf-8").splitlines():
            assert line.lstrip().startswith("//") or line.count("`") % 2 == 0, (name, line)
            kept = COMMENT.sub("", line)
            whole = kept == line or all(kept.count(quote) % 2 == 0 for quote in "\"'`")
            assert whole, (name, line)


def test_the_lab_saves_both_policies():
    lab = Controller("lost-victim", "rfc-2015-11-25")
    lab.change(other="handa")
    page = lab.export("html")
    assert "rfc-2015-11-25" in page and "What happened under handa" in page


def as_perfetto_reads(text: str) -> tuple[dict, list, dict]:
    """(names of tracks, slices, counters) as Perfetto's trace processor has them from a JSON.

    Its json_trace_tokenizer.cc and json_trace_parser.cc (google/perfetto, ec5d16b14b74) count an
    event as a failure, or leave it out, where this asserts something.
    """
    keys = []
    json.loads(text, object_pairs_hook=lambda pairs: keys.append([k for k, _ in pairs]))
    assert keys[-1][0] == "traceEvents"  # an older one stops at a key that it does not know
    assert text.startswith('{"traceEvents": [{') and '"displayTimeUnit": "ms"' in text
    assert not re.search(r"[\x00-\x1f]", text)  # in a string it ends the reading
    names, slices, counters, opened = {}, [], {}, {}
    events = json.loads(text)["traceEvents"]
    for event in sorted(events, key=lambda event: event.get("ts", 0)):  # as its sorter does
        kind, tid = event["ph"], event.get("tid") or event["pid"]
        known = {"ph", "pid", "tid", "ts", "name", "cat", "args", "s", "id", "dur"}
        assert event.keys() <= known and (kind == "X") == ("dur" in event)
        assert type(event["pid"]) is int and type(tid) is int
        assert type(event["name"]) is str and event["name"]
        if kind == "M":
            assert event["name"] in ("process_name", "thread_name") and event["args"]["name"]
            names[event["name"], tid] = event["args"]["name"]
            continue
        assert type(event["ts"]) is int and event["ts"] >= 0
        key = event.get("cat"), event.get("id"), event["name"]
        if kind == "X":
            assert type(event["dur"]) is int and event["dur"] > 0
            slices.append((tid, event["ts"], event["ts"] + event["dur"], event["name"]))
        elif kind == "i":
            assert event["s"] == "t" and "tid" in event
            slices.append((tid, event["ts"], event["ts"], event["name"]))
        elif kind == "b":
            assert event["id"] and key not in opened
            opened[key] = event["ts"]
        elif kind == "e":
            slices.append((key, opened.pop(key), event["ts"], event["name"]))
        else:
            assert kind == "C" and event["args"]
            for series, value in event["args"].items():
                assert type(value) is int
                counters.setdefault(f"{event['name']} {series}", []).append((event["ts"], value))
    assert not opened
    return names, slices, counters


@pytest.mark.parametrize("policy", ["linux-2.6.38", "linux-4.4", "linux-4.6", "linux-6.12"])
@pytest.mark.parametrize(
    "scenario", ["invisible-dependency", "lost-victim", "suspend-race", "page-thieves", "fork-bomb"]
)
def test_perfetto_reads_all_of_a_run(scenario, policy, tmp_path):
    run = oomlab.run(scenario, policy, seed=1, most_steps=3000)
    text = run.save(tmp_path / "run.json").read_text("utf-8")
    assert oomlab.Run.from_json(text) == run
    names, slices, counters = as_perfetto_reads(text)
    tracks = {name.split(" (")[0]: tid for (what, tid), name in names.items() if "thread" in what}
    assert set(tracks) >= {row[1].name for row in run.trace} | {"init"}
    for tid in tracks.values():  # what overlaps in part cannot lie on one track
        lane = sorted((start, -end) for track, start, end, _ in slices if track == tid)
        inside = []
        for start, end in ((start, -end) for start, end in lane):
            while inside and inside[-1] <= start:
                inside.pop()
            assert not inside or end <= inside[-1]
            inside.append(end)
    assert set(counters) == {"free pages"}
    seen, at = iter(counters["free pages"]), None
    following = next(seen)
    for step in run.steps:
        if following is not None and following[0] == (step.number - 1) * 1000:
            at, following = following[1], next(seen, None)
        assert at == step.free
    kills = [event for event in run.events if event["event"] == "kill"]
    told = {(start // 1000 + 1, name) for _, start, _, name in slices}
    assert told >= {(event["step"], f"{event['task']} is killed") for event in kills}


def test_ftrace_lines_have_the_form_of_trace_cmd():
    run = oomlab.run("lost-victim", "linux-6.1", seed=1)
    comment, *lines = ftrace_text(run).splitlines()
    assert comment == f"# {run.origin}"
    form = re.compile(
        r" *[\w-]+-(\d+) +\[000\] \.{5} +(\d+\.\d{6}): (\w+): .*pid=(\d+)( prio=120)?"
    )
    found = [form.fullmatch(line) for line in lines]
    assert all(found)
    when = {m[3]: float(m[2]) for m in found}
    assert when["wake_reaper"] - when["mark_victim"] >= 2.0  # the delay of e4a38402c36e
    pids = {task.pid for task in run.kernel.tasks} | {row[1].pid for row in run.trace}
    assert {int(m[4]) for m in found} <= pids
