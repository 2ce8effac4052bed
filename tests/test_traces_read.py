"""Traces of real machines: the tools' formats, the delays, and what is said beside the model."""

import gzip
import json
import re
from collections import Counter
from html import escape
from pathlib import Path
from random import Random

import pytest

import oomlab
from oomlab.cli import main
from oomlab.policies.policy import HZ
from oomlab.recordings.recorded import read_record
from oomlab.simulate.kernel_log import kernel_log, log_text
from oomlab.traces.ftrace import ftrace_text
from oomlab.traces.trace_formats import Lines

SHARED = Path(__file__).parents[2] / "shared"
RECORDINGS = Path(__file__).parents[1] / "notebooks" / "recordings"

STORY = [  # (comm, pid, seconds, event, what it says): a victim that is given up
    ("trigger", 89, 5.360602, "mark_victim", "pid=85 comm=my server anon-rss=25016kB uid=0"),
    ("init", 1, 7.380233, "wake_reaper", "pid=85"),
    *[("oom_reaper", 31, 7.3803 + n * 0.104, "skip_task_reaping", "pid=85") for n in range(10)],
    ("trigger", 89, 8.447505, "mark_victim", "pid=86 comm=innocent"),
    ("innocent", 86, 8.450000, "sched_process_exit", "comm=innocent pid=86 prio=120"),
    ("my server", 85, 11.50, "sched_process_exit", "comm=my server pid=85 prio=120"),
]

FORMS = {
    "trace-cmd": lambda c, p, t, e, a: f"{c:>16}-{p:<6} [001] ..... {t:>14.6f}: {e + ':':<20} {a}",
    "trace-cmd without flags": lambda c, p, t, e, a: f"{c:>16}-{p:<6} [001] {t:>14.6f}: {e}: {a}",
    "ftrace, tgid": lambda c, p, t, e, a: (
        f"{c:>16}-{p:<7} ({p:>7}) [001] d..2. {t:>12.6f}: {e}: {a}"
    ),
    "ftrace of 2013": lambda c, p, t, e, a: f"{c:>16}-{p:<5} [000] .N.. {t:>12.6f}: {e}: {a}",
    "latency": lambda c, p, t, e, a: f"{c:>8}-{p:<7} 1d..2. {round(t * 1e6)}us+: {e}: {a}",
    "perf": lambda c, p, t, e, a: f"{c:>16} {p:>5} [001] {t:>12.6f}:      oom:{e}: {a}",
    "perf, tid": lambda c, p, t, e, a: f"{c} {p}/{p} [001] {t:.6f}:   1 oom:{e}: {a}",
    "trace-cmd -l": lambda c, p, t, e, a: f"{c:>16}-{p:<6}  1d..3 {t:>14.6f}: {e + ':':<20} {a}",
    "trace-cmd -t": lambda c, p, t, e, a: f"{c:>16}-{p:<6} [001] ..... {t:>14.9f}: {e}: {a}",
    "trace-cmd --ts-diff": lambda c, p, t, e, a: f"{c}-{p} [001] ..... {t:.6f}: (+1234) {e}: {a}",
    "option fields": lambda c, p, t, e, a: (
        (f"{c}-{p} [001] ..... {t:.6f}: {e}: " + re.sub(r"pid=(\d+)", r"pid=0x5\1 (\1)", a))
        .replace("0x585", "0x55")
        .replace("0x586", "0x56")
    ),
    "irq flags": lambda c, p, t, e, a: f"{c:>16}-{p:<7} [001] dNZ2.B. {t:>12.6f}: {e}: {a}",
    "perf, flags": lambda c, p, t, e, a: f"{c:>16} {p:>7} [001] d..2. {t:>14.6f}: oom:{e}: {a}",
    "nanoseconds": lambda c, p, t, e, a: f"{c}-{p} [000] {t:.9f}: oom:{e}: {a}",
    "a mail": lambda c, p, t, e, a: f"> > > {c:>16}-{p} [000] .... {t:.6f}: {e}: {a}",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_tool_tells_the_same_story(form):
    text = "\n".join(["# tracer: nop", "cpus=2", *[FORMS[form](*row) for row in STORY], ""])
    trace = oomlab.read_trace(text, kernel="6.1")
    server, innocent = trace.rows()
    assert (server["pid"], server["tries_in_vain"], server["end"]) == (85, 10, "given up")
    assert server["mark_to_wake_s"] == pytest.approx(2.019631, abs=2e-6)
    assert server["mark_to_exit_s"] == pytest.approx(6.139398, abs=2e-6)
    assert server["victim"] == "my server"
    assert (innocent["victim"], innocent["end"]) == ("innocent", "exited")
    picture = trace.figure().alt_text
    assert re.search(
        r"my server 85: marked at 0 ms, .*, given up at \d+ ms, exited at 6139", picture
    )
    said = " ".join(trace.beside_the_model())
    assert "2.020 s after its mark, as linux-6.1 does it" in said
    assert "10 times in vain, 0.104 s apart" in said and "gave up, as the model does" in said
    assert "Not as" not in said


NAMES = [
    "(sd-pam)", "a-1 b", "a: b", "[kworker]", "x pid=7", "prio=3 pid=9", "x comm=y", "x=1 y=2",
    "#hash", ">quote", "kworker/0:1", "a 12 [001]", "-", "- 5", "1.5:", "1 2.5: a", "<...>",
    "lost 5 events", "[LOST 5 EVENTS]", 'a"b', 'a"(b)', "ö-ü 7", "日本語 1", "oom_reaper", "",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_process_may_have_any_name(name):
    """What looks like a pid, a comment or a count of lost events is none where a name stands."""
    server = [(c.replace("my server", name), *row, a) for c, *row, a in STORY]
    server = [
        (name if c == "trigger" else c, *row, a.replace("my server", name)) for c, *row, a in server
    ]
    for form, line in FORMS.items():
        usual, other = (
            oomlab.read_trace("\n".join(["cpus=2", *[line(*row) for row in story]]), kernel="6.1")
            for story in (STORY, server)
        )
        named = [row | {"victim": row["victim"].replace("my server", name)} for row in usual.rows()]
        if form == "option fields":  # the form itself writes every pid= in two ways
            named[0]["victim"] = other.rows()[0]["victim"]
        assert other.rows() == named, form
        assert (other.lost, other.unread, len(other.events)) == (0, 0, len(STORY)), form
    kill = f'21:03:39 Triggered by PID 3297 ("{name}"), OOM kill of PID 22516 ("{name}"), 38 pages'
    (one,) = oomlab.read_trace(kill + ", loadavg: 0.9\n").rows()
    assert (one["pid"], one["victim"]) == (22516, name)


@pytest.mark.parametrize("form", ["trace-cmd", "perf"])
def test_lines_in_any_order_tell_the_same_story(form):
    """As pieces of several processors do, and a file from Windows."""
    lines = [FORMS[form](*row) for row in STORY]
    rows = oomlab.read_trace("\n".join(lines)).rows()
    for seed in range(5):
        Random(seed).shuffle(lines)
        assert oomlab.read_trace("\r\n".join(lines)).rows() == rows


def test_a_line_of_the_killer_that_cannot_be_read_is_told():
    """It was passed over, and the answer was that no victim is marked."""
    lines = [FORMS["trace-cmd"](*row) for row in STORY]
    for broken in (
        "one-1 [000] noon: mark_victim: pid=3",
        "0.5 oom:mark_victim: pid=3",
        "21:03:39 OOM kill of PID x",
    ):
        trace = oomlab.read_trace("\n".join([*lines, broken]))
        assert trace.missing()[0].startswith("1 line does not say which task the killer")


@pytest.mark.parametrize("begins, program", [("\x17\x08Dtracing6", "trace-cmd report"),
                                             ("PERFILE2\x68", "perf script")])  # fmt: skip
def test_a_binary_trace_says_how_to_print_it(tmp_path, begins, program):
    file = tmp_path / "trace.dat"
    file.write_bytes(begins.encode() + bytes(range(256)))
    with pytest.raises(ValueError, match=f"is a binary file: give what `{program}"):
        oomlab.read_trace(file)


def test_a_clock_that_counts_something_else_is_refused_however_wide_it_is_printed():
    line = "a-1 [001] .....         1533: mark_victim: pid=5\n"
    with pytest.raises(ValueError, match="does not count seconds"):
        oomlab.read_trace(line)


@pytest.mark.parametrize(
    "broken",
    [
        {"trace": 3},
        {"trace": {"events": "abc"}},
        {"trace": {"events": [[1]]}},
        {"trace": {"events": [["x", "a", 1, "mark_victim", "pid=3"]]}},
        {"trace": {"events": [[1, "a", None, "mark_victim", "no pid"]]}},
        {"trace": {"events": [[1, "a", [5], "mark_victim", "pid=3"]]}},
        {"trace": {"events": [[1, {}, 5, "mark_victim", "pid=3"]]}},
        {"trace": {"events": [[1, "a", 5, ["mark_victim"], "pid=3"]]}},
        {"trace": {"events": [[1e300, "a", 5, "mark_victim", "pid=3"]]}},
        {"trace": {"events": [[True, "a", 5, "mark_victim", "pid=3"]]}},
        {"trace": {"events": [[1, "a", 5, "mark_victim", "pid=3", "more"]]}},
        {"report": 5},
        {"kernel": {}},
    ],
)
def test_a_damaged_recording_is_a_sentence(tmp_path, broken):
    path = next(p for p in sorted(RECORDINGS.glob("*.json.gz")) if read_record(p).get("trace"))
    damaged = tmp_path / "run.json.gz"
    damaged.write_bytes(gzip.compress(json.dumps(read_record(path) | broken).encode()))
    for ask in (oomlab.read_trace, oomlab.scenario_from):
        with pytest.raises(ValueError, match="damaged|does not name its kernel"):
            ask(damaged)


def test_one_victim_is_not_many_and_a_page_has_the_words_of_the_table(tmp_path):
    trace = oomlab.read_trace("\n".join(FORMS["perf"](*row) for row in STORY))
    page = trace.save(tmp_path / "trace.html").read_text("utf-8")
    head, *rows = trace.table()
    assert all(f"<th>{cell}</th>" in page for cell in head)
    assert all(f"<td>{escape(cell)}</td>" in page for row in rows for cell in row)
    alone = oomlab.read_trace(FORMS["perf"](*STORY[0]) + "\n")
    assert alone.title() == "1 victim of a kernel that is not named"


def test_another_kernel_does_otherwise_and_it_is_said():
    text = "\n".join(FORMS["perf"](*row) for row in STORY)
    assert "Not as linux-4.10: there it is 0 s" in oomlab.read_trace(text, kernel="4.10").markdown()
    assert "has no reaper" in oomlab.read_trace(text, kernel="4.4").markdown()
    assert "give the release" in oomlab.read_trace(text).markdown()
    named = oomlab.read_trace("# os release : 6.12.1-amd64\n" + text)
    assert (named.kernel, named.policy.name) == ("6.12.1-amd64", "linux-6.12")
    backported = oomlab.read_trace(text, kernel="5.10.262")
    assert "as linux-5.10 does it (2 s)" in backported.markdown()


RELEASES = {  # what uname -r and a log's first line say: its preset, the delay there, is it doubted
    "6.1.0-28-amd64": ("linux-6.1", 2, False),
    "6.1-rc3": ("linux-6.1", 2, False),
    "5.4.0-216-generic": ("linux-5.4", 0, False),
    "5.10.226": ("linux-5.10", 2, False),
    "5.10.0-33-amd64": ("linux-5.10", 0, True),
    "5.10.0": ("linux-5.10", 0, False),
    "5.15.0-91-generic": ("linux-5.10", 0, True),
    "5.15.0-1053-aws": ("linux-5.10", 0, True),
}


def test_a_release_is_read_as_a_machine_prints_it():
    """A distribution's third number is not that of the stable release, which may have the delay."""
    text = "\n".join(FORMS["perf"](*row) for row in STORY)
    for release, (preset, delay, doubted) in RELEASES.items():
        for trace in (
            oomlab.read_trace(text, kernel=release),
            oomlab.read_trace(f"# os release : {release}\n{text}"),
            oomlab.read_trace(text, report=f"Linux version {release} (gcc 12.2.0) #1 SMP"),
        ):
            assert (trace.kernel, trace.policy.name[: len(preset)]) == (release, preset)
            assert trace.policy.reap_delay == delay * HZ, release
            assert ("is a distribution's number" in trace.markdown()) == doubted, release
    boot = "Linux version 5.10.0-33-amd64 (gcc-10 10.2.1) #1 SMP Debian 5.10.226-1 (2024-10-03)"
    trace = oomlab.read_trace(text, report=boot)
    assert trace.policy.reap_delay == 2 * HZ and "distribution" not in trace.markdown()
    for wrong in ("6", "v6.1", "6.1.", "4.10.7.8", "linux-6.1", "٦.١", "6.1x", "x" * 10_000):
        with pytest.raises(ValueError, match="is not a kernel version such as 6.1 or 4.10.7"):
            oomlab.read_trace(text, kernel=wrong)


def test_a_file_is_read_however_it_is_written(tmp_path):
    """A Windows shell redirects in UTF-16; a log beside the trace may be compressed."""
    text = "\n".join([*[FORMS["trace-cmd"](*row) for row in STORY], ""])
    rows, file = oomlab.read_trace(text).rows(), tmp_path / "trace.txt"
    for code in ("utf-8", "utf-8-sig", "utf-16"):
        file.write_bytes(text.replace("\n", "\r\n").encode(code))
        assert oomlab.read_trace(file).rows() == rows, code
    log = tmp_path / "kern.log.gz"
    left = (
        "oom_reaper: reaped process 85 (my server), now anon-rss:4kB, file-rss:8kB, shmem-rss:0kB"
    )
    log.write_bytes(gzip.compress(f"{left}\n".encode()))
    page = tmp_path / "trace.html"
    assert (
        main(["trace", str(file), "--kernel", "6.1", "--report", str(log), "--html", str(page)])
        == 0
    )
    assert "12 kB" in page.read_text("utf-8")


def test_a_victim_that_was_queued_twice():
    """As in Roman Gushchin's mail on the tracepoints, which shows the race (M-ID in docs)."""
    rows = [
        ("allocate", 502, 91.836405, "mark_victim", "pid=502"),
        ("allocate", 502, 91.837356, "wake_reaper", "pid=502"),
        ("allocate", 502, 91.871149, "wake_reaper", "pid=502"),
        ("oom_reaper", 23, 91.871177, "start_task_reaping", "pid=502"),
        ("oom_reaper", 23, 91.879511, "finish_task_reaping", "pid=502"),
        ("oom_reaper", 23, 91.879580, "skip_task_reaping", "pid=502"),
    ]
    trace = oomlab.read_trace("\n".join(FORMS["a mail"](*r) for r in rows), kernel="4.10")
    (victim,) = trace.victims
    assert (victim.wakes, victim.tries, victim.end) == (2, (), "reaped")
    assert "stood on its list twice" in trace.markdown()


def test_a_pid_that_is_used_again_is_another_victim():
    """The first of the two was told to have waited for what the reaper did with the second."""
    rows = [
        ("a", 9, 1.0, "mark_victim", "pid=5"),
        ("old", 5, 1.5, "sched_process_exit", "comm=old pid=5 prio=120"),
        ("new", 5, 7.0, "x", "y"),
        ("a", 9, 8.0, "mark_victim", "pid=5"),
        ("a", 9, 10.01, "wake_reaper", "pid=5"),
        ("oom_reaper", 7, 10.02, "start_task_reaping", "pid=5"),
        ("oom_reaper", 7, 10.03, "finish_task_reaping", "pid=5"),
    ]
    log = "oom_reaper: reaped process 5 (new), now anon-rss:4kB, file-rss:0kB, shmem-rss:0kB"
    text = "\n".join(FORMS["trace-cmd"](*r) for r in rows)
    trace = oomlab.read_trace(text, kernel="6.1", report=log)
    old, new = trace.victims
    assert (old.comm, old.woken, old.started, old.end, old.exited) == (
        "old", None, None, "exited", 1.5,
    )  # fmt: skip
    assert (new.comm, new.woken, new.end, new.exited) == ("new", 10.01, "reaped", None)
    assert old.left_kb is new.left_kb is None  # the log does not say which
    assert "Not as" not in trace.markdown() and "on the list" not in trace.markdown()


def test_last_in_first_out():
    rows = [
        *[("t", 9, n / 10, "mark_victim", f"pid={pid}") for n, pid in enumerate((1, 2, 3))],
        *[("t", 9, n / 10, "wake_reaper", f"pid={pid}") for n, pid in enumerate((1, 2, 3))],
        ("r", 7, 0.0002, "skip_task_reaping", "pid=1"),
        ("r", 7, 0.3, "start_task_reaping", "pid=2"),
        ("r", 7, 0.31, "finish_task_reaping", "pid=2"),
        ("r", 7, 0.32, "start_task_reaping", "pid=3"),
        ("r", 7, 0.33, "finish_task_reaping", "pid=3"),
    ]
    text = "\n".join(FORMS["trace-cmd"](*r) for r in sorted(rows, key=lambda r: r[2]))
    assert (
        "Not as linux-4.14: its list is last in"
        in oomlab.read_trace(text, kernel="4.14").markdown()
    )


@pytest.mark.parametrize("length", range(0, 117, 3))
def test_a_line_that_was_cut_names_no_task_that_it_is_not_about(length):
    """Without its pid=, mark_victim was taken to be about who hit it."""
    lines = [FORMS["trace-cmd"](*row) for row in STORY]
    cut = lines[0][:length]
    trace = oomlab.read_trace("\n".join([cut, *lines[1:], ""]), kernel="6.1")
    whole = "pid=85" in cut
    assert {v.pid for v in trace.victims} - {8} == ({85, 86} if whole else {86})
    if re.search(r"mark_victim: +(p|pi|pid|pid=)?$", cut):
        assert "1 line does not say which task" in trace.markdown()


@pytest.mark.parametrize(
    "said",
    [
        "CPU:1 [LOST 17 EVENTS]",
        "CPU:1 [17 EVENTS DROPPED]",
        "  swapper  0 [001]  5.1: PERF_RECORD_LOST lost 17",
        "PERF_RECORD_LOST_SAMPLES lost 17",
    ],
)
def test_what_was_lost_is_said(said):
    text = f"{said}\n" + FORMS["trace-cmd"](*STORY[0]) + "\n"
    assert "17 events were lost" in oomlab.read_trace(text, kernel="6.1").markdown()
    assert "No tracepoint of the reaper" in oomlab.read_trace(text, kernel="6.1").markdown()


def test_a_reaper_that_had_no_work_is_not_missing():
    """6.1 wakes it after two seconds: who exits sooner needs none. 5.4 wakes it at the kill."""
    rows = [
        ("trigger", 89, 1.0, "mark_victim", "pid=86 comm=quick"),
        ("quick", 86, 1.2, "sched_process_exit", "comm=quick pid=86 prio=120"),
    ]
    quick = [FORMS["trace-cmd"](*row) for row in rows]
    slow = [quick[0], quick[1].replace("1.200000", "3.200000")]

    def missing(lines, kernel):
        return " ".join(oomlab.read_trace("\n".join([*lines, ""]), kernel=kernel).missing())

    assert missing(quick, "6.1") == "" and missing(quick, "4.4") == ""
    assert "No tracepoint of the reaper is in it, and quick (86) did not" in missing(quick, "5.4")
    assert "had no work for it, since every victim exited" in missing(quick, None)
    for lines in (slow, quick[:1]):
        for kernel in ("6.1", "5.4", None):
            assert "record oom:* for its work" in missing(lines, kernel)
        assert missing(lines, "4.4") == ""


def test_oomkill_of_bpftrace_and_bcc():
    text = """Tracing oom_kill_process()... Hit Ctrl-C to end.
21:03:39 Triggered by PID 3297 ("ntpd"), OOM kill of PID 22516 ("perl"), 3850642 pages, loadavg: 0.9
19:05:23 Triggered by PID 942 ("py", "c1"), OOM kill of PID 943 ("py", "c2"), 32768 pages
"""
    trace = oomlab.read_trace(text)
    assert [(v.comm, v.pid) for v in trace.victims] == [("py", 943), ("perl", 22516)]


@pytest.mark.parametrize(
    "source, sentence",
    [
        ("hello\nworld\n", "no line of trace-cmd report"),
        (" a-1 [000] .... 123456: mark_victim: pid=1\n", "does not count seconds"),
        ("nothing-here.txt", "cannot be read"),
    ],
)
def test_what_is_no_trace_is_one_sentence(source, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        oomlab.read_trace(source)
    assert "\n" not in str(refused.value)


def test_a_long_line_costs_no_time():
    lines = Lines(["a" * 200_000, " " * 200_000 + "-1 [", "x-1 [000] " + ":" * 100_000])
    assert not list(lines)


def test_the_ftrace_of_a_run_is_read_back():
    run = oomlab.run("given-up", "linux-6.1")
    trace = oomlab.read_trace(ftrace_text(run) + "\n", kernel="6.1")
    marked = [e["task"].pid for e in run.kernel.events if e["event"] == "mark_victim"]
    assert [v.pid for v in trace.victims] == list(dict.fromkeys(marked))
    assert "Not as" not in trace.markdown()


def test_a_victim_has_its_name_where_the_text_says_it_and_only_there():
    """Kernels before 6.9 mark a pid; whose it is says a line of the victim's own, or the log."""
    nameless = 0
    for scenario in (
        "lost-victim",
        "page-thieves",
        "given-up",
        "invisible-dependency",
        "fork-bomb",
    ):
        for policy in ("linux-4.6", "linux-6.1", "linux-6.12"):
            run = oomlab.run(scenario, policy, seed=1)
            text, kernel = ftrace_text(run) + "\n", policy.removeprefix("linux-")
            marks = [e["task"] for e in run.kernel.events if e["event"] == "mark_victim"]
            called = {task.pid: task.name for task in marks}
            alone = oomlab.read_trace(text, kernel=kernel)
            lines = text.splitlines()[1:]
            for victim in alone.victims:
                own = any(re.match(rf" *\S+-{victim.pid} ", line) for line in lines)
                own = own or any(f"comm={called[victim.pid]} pid={victim.pid}" in s for s in lines)
                known = own or policy == "linux-6.12"
                assert victim.comm == (called[victim.pid] if known else None), (scenario, policy)
                row = (
                    f"| {called[victim.pid]} ({victim.pid}) |" if known else f"| pid {victim.pid} |"
                )
                assert row in alone.markdown()
                nameless += not known
            assert ("It does not name" in alone.markdown()) == (
                None in [victim.comm for victim in alone.victims]
            )
            logged = oomlab.read_trace(text, kernel=kernel, report=log_text(run) + "\n")
            for victim in logged.victims:
                if f"Killed process {victim.pid} (" in log_text(run):
                    assert victim.comm == called[victim.pid], (scenario, policy)
    assert nameless > 2


def test_what_mark_victim_says_is_what_the_kernel_of_that_version_prints():
    """The form is that of the recordings of 6.12; the numbers are those of the kill beside it."""
    real = read_record(RECORDINGS / "s01_two_hogs.bigfirst.k6.12.r0.json.gz")["trace"]["events"]
    form = next(args for _, _, _, event, args in real if event == "mark_victim")
    run = oomlab.run("given-up", "linux-6.12")
    (line,) = [line for line in ftrace_text(run).splitlines() if "mark_victim" in line]
    said = line.split("mark_victim: ")[1]
    assert re.sub(r"\d+", "0", re.sub(r"comm=\w+", "comm=x", said)) == re.sub(
        r"\d+", "0", re.sub(r"comm=\w+", "comm=x", form)
    )
    (kill,) = [text for _, text in kernel_log(run) if "Killed process" in text]
    for word in ("total-vm", "anon-rss", "file-rss", "shmem-rss", "pgtables", "oom_score_adj"):
        assert re.search(rf"{word}.(\d+)", said)[1] == re.search(rf"{word}.(\d+)", kill)[1]
    older = ftrace_text(oomlab.run("given-up", "linux-6.1"))
    assert re.search(r"mark_victim: pid=\d+$", older, re.M)


def recordings():
    shared = sorted(SHARED.glob("kernel-runs*/*.k6.1*.json.gz"))
    return shared[::6] or sorted(RECORDINGS.glob("*.json.gz"))


def test_recordings_agree_with_the_kernels_own_stamps():
    """Delays are those of the tracepoints, to the microsecond; and the model explains them."""
    read = 0
    for path in recordings():
        record = json.loads(gzip.decompress(path.read_bytes()))
        if not (record.get("trace") or {}).get("events"):
            continue
        trace, read = oomlab.read_trace(path), read + 1
        stamps = {}
        for when, _, _, event, args in record["trace"]["events"]:
            stamps.setdefault((event, args.split()[0]), when)
        for row in trace.rows():
            marked = stamps["mark_victim", f"pid={row['pid']}"]
            if row["mark_to_wake_s"] is not None:
                woken = stamps["wake_reaper", f"pid={row['pid']}"]
                assert row["mark_to_wake_s"] == round((woken - marked) / 1e6, 6)
    assert read


KILLED = re.compile(r"\[ *(\d+)\.(\d{6})\].*Killed process (\d+)")
REAPED = re.compile(r"\[ *(\d+)\.(\d{6})\].*oom_reaper: reaped process (\d+)")
UNABLE = re.compile(r"\[ *(\d+)\.(\d{6})\].*oom_reaper: unable to reap pid:(\d+)")
STEP = 0.06  # seconds: the two clocks were compared once, before the machine was short of memory


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_the_kernels_log_stamps_the_same_moments(kernel):
    """mark_victim and "Killed process", finish and "reaped process", the give-up: two clocks.

    The kernel prints them by another clock than the trace's, and a recording says how far the two
    are apart. The reaper naps once more after its tenth attempt before it says "unable to reap".
    """
    seen = Counter()
    for path in sorted(RECORDINGS.glob(f"*.k{kernel}.*.json.gz")):
        record = json.loads(gzip.decompress(path.read_bytes()))
        if not (record.get("trace") or {}).get("events"):
            continue
        trace = oomlab.read_trace(path)
        ahead = record["clock"]["report_minus_monotonic_us"][-1]
        victims = {victim.pid: victim for victim in trace.victims}
        gave_up = {who.split()[-1]: ms for ms, step, who in trace.steps() if step == "give up"}
        for line in record["report"].splitlines():
            for what, pattern in (("killed", KILLED), ("reaped", REAPED), ("unable", UNABLE)):
                if found := pattern.search(line):
                    victim = victims[int(found[3])]
                    when = {"killed": victim.marked, "reaped": victim.finished}.get(what)
                    when = gave_up[found[3]] / 1000 if when is None else when
                    assert int(found[1] + found[2]) / 1e6 - ahead / 1e6 == pytest.approx(
                        when, abs=STEP
                    ), (path.name, line)
                    seen[what] += 1
    assert min(seen["killed"], seen["reaped"], seen["unable"]) > 0


BY_HAND = {  # recording, victim: to wake, wake to start, tries in vain, reaping, to exit; by hand
    ("r02_lifo.busy_bc.k6.1.r1", "va"): (2.029578, None, 10, None, 5.078483),
    ("r02_lifo.busy_bc.k6.1.r1", "vb"): (2.026592, 0.696543, 0, 0.001968, None),
    ("r02_lifo.busy_bc.k6.1.r1", "vc"): (2.028396, 0.341189, 0, 0.003293, None),
    ("r01_given_up.protect_schedidle.k6.12.r1", "server"): (2.005228, None, 10, None, 5.903112),
    ("r01_given_up.protect_schedidle.k6.12.r1", "innocent"): (None, None, 0, None, 0.014105),
}


@pytest.mark.parametrize("name, victim", BY_HAND)
def test_delays_that_were_subtracted_by_hand(name, victim):
    rows = oomlab.read_trace(RECORDINGS / f"{name}.json.gz").rows()
    row = next(row for row in rows if row["victim"] == victim)
    delays = ("mark_to_wake_s", "wake_to_start_s", "tries_in_vain", "start_to_finish_s")
    assert tuple(row[key] for key in (*delays, "mark_to_exit_s")) == BY_HAND[name, victim]


def test_command_and_page(tmp_path, capsys):
    file, page = tmp_path / "trace.txt", tmp_path / "trace.html"
    file.write_text("\n".join(FORMS["trace-cmd"](*row) for row in STORY))
    assert main(["trace", str(file), "--kernel", "6.1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["victims"][0]["end"] == "given up"
    assert main(["trace", str(file), "--kernel", "6.1", "--html", str(page)]) == 0
    text = page.read_text()
    assert (
        "<svg" in text
        and "given up" in text
        and "<script" not in text
        and "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    )
    assert main(["trace", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_report_that_is_given_beside_a_recording_is_the_one_that_is_read():
    path = next(p for p in recordings() if oomlab.read_trace(p).victims)
    pid = oomlab.read_trace(path).victims[0].pid
    left = "now anon-rss:4kB, file-rss:8kB, shmem-rss:0kB"
    trace = oomlab.read_trace(path, report=f"oom_reaper: reaped process {pid} (a), {left}")
    assert trace.victims[0].left_kb == 12 and "| 12 kB |" in trace.markdown()


def test_a_real_trace_is_not_taken_for_a_saved_run():
    told = oomlab.read_trace(FORMS["perf"](*STORY[0]) + "\n").to_dict()
    with pytest.raises(ValueError, match="is not a run that oomlab saved: its schema"):
        oomlab.Run.from_json(json.dumps(told))
