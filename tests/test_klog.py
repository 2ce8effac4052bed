"""A run's log looks like the recorded logs of its kernel, and reads back as what happened."""

import gzip
import json
import re
from functools import cache
from pathlib import Path

import pytest

import oomlab
from oomlab.model import gfp
from oomlab.policies.presets import PRESETS
from oomlab.reports.judge.explain import explain
from oomlab.reports.read.parse import parse
from oomlab.reports.tell.scenario import register_report
from oomlab.scenarios import SCENARIOS
from oomlab.simulate.kernel_log import kernel_log

RECORDED = Path(__file__).parents[2] / "shared" / "kernel-runs"
SHIPPED = Path(__file__).parents[1] / "notebooks" / "recordings"
COMMITTED = Path(__file__).parent / "data" / "reports"
TAGS = {"linux-2.6.38": "2.6.38", "linux-4.10": "4.10.7", "linux-6.1": "6.1", "linux-6.12": "6.12"}

STAMP = re.compile(r"^\[ *\d+\.\d{6}\] ")
ROW = re.compile(r"\[ *\d+\] +\d+ +\d+ ")
ZONE = re.compile(r"(?:Node \d )?(?:DMA32|DMA|Normal) (free:.*)")
SHAPES = (
    (re.compile(r"^\S+ (invoked oom-killer|cpuset=)"), r"COMM \1"),
    (re.compile(r"([Cc]omm:) \S+ Not tainted .*"), r"\1 COMM RELEASE"),
    (re.compile(r"0x[0-9a-f]+(?:\([A-Z_|]*\))?"), lambda m: "MASK()" if "(" in m[0] else "MASK"),
    (re.compile(r"\((?!null|oom_kill)[\w./-]*\)"), "(COMM)"),
    (re.compile(r"task=[^,]*"), "task=COMM"),
    (re.compile(r"/[\w/-]*"), "/PATH"),
    (re.compile(r"-?\d+"), "N"),
)


def log(scenario, policy, **settings):
    return [line for _, line in kernel_log(oomlab.run(scenario, policy, seed=1, **settings))]


def bare(lines):
    return [STAMP.sub("", line) for line in lines]


def shape(line):
    """The line without what differs from run to run; a table keeps the widths of its columns."""
    if ROW.match(line):
        start, _, name = line.rpartition(" ")
        return re.sub(r"[ \[]*-?\d+", lambda m: f"<{len(m[0])}>", start) + " COMM"
    for pattern, instead in SHAPES:
        line = pattern.sub(instead, line)
    return line


def zone_fields(line):
    return re.findall(r"([a-z_()]+):\d+kB", line)


@cache
def recorded_lines(tag):
    """All lines that this kernel was seen to print, without stack traces."""
    texts = [path.read_text() for path in COMMITTED.glob(f"{tag}-*.txt")]
    for path in (*SHIPPED.glob(f"*.k{tag}.*.json.gz"), *RECORDED.glob(f"*.k{tag}.*.json.gz")):
        texts.append(json.loads(gzip.decompress(path.read_bytes()))["report"])
    lines = {line for text in texts for line in bare(text.splitlines())}
    zones = [zone_fields(found[1]) for found in map(ZONE.match, lines) if found]
    return {shape(line) for line in lines if not ZONE.match(line)}, zones


def unseen(line, tag):
    """No line of the recorded kernel is like this one."""
    shapes, zones = recorded_lines(tag)
    zone = ZONE.match(line)
    if not zone:
        return shape(line) not in shapes
    fields = zone_fields(zone[1])
    return not any([f for f in seen if f in fields] == fields for seen in zones)


@pytest.mark.parametrize("policy", TAGS)
@pytest.mark.parametrize(
    "scenario",
    ["small-child", "invisible-dependency", "hidden-sharer", "fork-bomb", "mlocked-and-shared"],
)
def test_a_global_report_looks_like_the_recorded_ones(scenario, policy):
    lines = bare(log(scenario, policy))
    assert any("illed process" in line for line in lines)
    strange = [line for line in lines if unseen(line, TAGS[policy])]
    if policy == "linux-4.10":  # that kernel was built without cpusets and without swap
        strange = [line for line in strange if "cpuset=/" not in line and " swap " not in line]
    assert not strange


@pytest.mark.parametrize("policy", ["linux-6.1", "linux-6.12"])
@pytest.mark.parametrize("scenario", ["two-memcgs", "oom-group", "lost-victim"])
def test_a_memcg_report_looks_like_the_recorded_ones(scenario, policy):
    lines = bare(log(scenario, policy))
    assert any(line.startswith("memory: usage") for line in lines)
    if not RECORDED.is_dir():
        lines = [line for line in lines if "oom_reaper" not in line]  # not among the copied ones
    assert not [line for line in lines if unseen(line, TAGS[policy])]


RARE = [
    ("panic-knobs", "linux-2.6.38", {"panic_on_oom": 1}, "Kernel panic - not syncing: Out of"),
    ("panic-knobs", "linux-6.12", {"panic_on_oom": 2}, "Kernel panic - not syncing: Out of"),
    ("panic-knobs", "linux-2.6.38", {"oom_kill_allocating_task": 1}, "(oom_kill_allocating_task)"),
    ("panic-knobs", "linux-6.1", {"oom_kill_allocating_task": 1}, "(oom_kill_allocating_task)"),
    ("hidden-sharer", "linux-2.6.38", {"sharer": "init"}, "not syncing: Attempted to kill init!"),
    ("hidden-sharer", "linux-4.10", {"sharer": "init"}, "has mm pinned by 1 (init)"),
    ("hidden-sharer", "linux-4.10", {"sharer": "unkillable"}, "oom_reaper: reaped process"),
]


@pytest.mark.skipif(
    not RECORDED.is_dir(), reason="../shared/kernel-runs, all recordings, is absent"
)
@pytest.mark.parametrize(("scenario", "policy", "settings", "text"), RARE)
def test_rare_lines_look_like_the_recorded_ones(scenario, policy, settings, text):
    lines = [line for line in bare(log(scenario, policy, **settings)) if text in line]
    assert lines
    assert not [line for line in lines if unseen(line, TAGS[policy])]


def has_row(event) -> bool:
    return event["chosen"].pid in {row["pid"] for row in event["tasks"]}


@pytest.mark.parametrize("policy", [name for name in PRESETS if name != "kmallocwd"])
@pytest.mark.parametrize(
    "scenario",
    ["small-child", "lost-victim", "two-memcgs", "oom-group", "fork-bomb", "stuck-writer"],
)
def test_the_reader_finds_what_happened(scenario, policy):
    run = oomlab.run(scenario, policy, seed=3)
    reports = list(parse([line for _, line in kernel_log(run)]))
    told = [event for event in run.kernel.events if "step" in event]
    asked = [event for event in told if event["event"] == "oom_report"]
    kills = {e["task"].pid: e["task"].name for e in told if e["event"] == "kill"}
    assert {kill.pid: kill.name for report in reports for kill in report.kills} == kills
    assert [report.invoker.comm for report in reports] == [e["task"].name for e in asked]
    for report, event in zip(reports, asked, strict=True):
        # 3.10 may name a thread, of whose process the table has the first thread alone
        of_thread = {"the victim's row"} if event["chosen"] and not has_row(event) else set()
        assert report.complete or report.no_killable or set(report.missing) == of_thread
        assert report.kernel == run.policy.kernel
        assert report.invoker.pid == event["task"].pid
        assert report.kind == ("memcg" if event["oc"].memcg else "global")
        chosen = report.scored or report.summary
        assert (chosen and chosen.pid) == (event["chosen"] and event["chosen"].pid)
        ours = [(row["pid"], row["rss"], row["adj"], row["name"]) for row in event["tasks"]]
        assert [(t.pid, t.rss, t.oom_score_adj, t.name) for t in report.tasks] == ours
    for report in reports:
        flags = report.invoker.gfp_flags
        asked = flags[:1] if run.policy.kernel not in ("2.6.38", "3.10", "4.4") else flags
        assert asked in (("GFP_KERNEL",), ("GFP_HIGHUSER_MOVABLE",), ())
        assert bool(flags) == bool(asked)


def test_a_victim_that_was_reaped_and_one_that_was_not():
    (first, second) = parse(log("stuck-writer", "linux-5.4"))
    assert [(reap.pid, reap.reaped) for reap in first.reaps] == [(first.victim.pid, False)]
    assert (first.victim.name, second.victim.name) == ("hog", "other")
    (report,) = parse(log("mlocked-and-shared", "linux-4.6"))
    assert report.reaps[0].reaped
    assert report.reaps[0].sizes_kb == {"anon-rss": 600, "file-rss": 0, "shmem-rss": 800}


def test_the_first_reapers_know_only_the_mm_and_the_log_still_names_the_victim():
    lines = log("lost-victim", "rfc-2015-11-25")
    reaped = [line for line in lines if "reaped process" in line]
    assert reaped
    assert all(re.search(r"reaped process 10\d \(victim\d\), now", line) for line in reaped)


def test_kmallocwd_speaks():
    lines = bare(log("kmallocwd", "kmallocwd", scan_next_victim=1500, scan_panic=0))
    assert "MemAlloc-Info: 1 stalling task, 1 dying task, 1 victim task." in lines
    assert "kmallocwd invoked oom-killer: gfp_mask=0x24000c0, order=0, oom_score_adj=0" in lines


def test_a_reaper_that_does_not_start():
    first = kernel_log(oomlab.run("no-reaper-thread", "linux-4.6", reaper_starts=0))[0]
    text = "[    0.000000] Unable to start OOM reaper -12. Continuing regardless"
    assert first == (0, text)
    stopped = {"reaper_starts": 0, "start_failure": "panic"}
    assert bare(log("no-reaper-thread", "linux-4.6", **stopped)) == [
        "Kernel panic - not syncing: Unable to start OOM reaper"
    ]


@pytest.mark.parametrize(
    ("policy", "last"),
    [
        ("linux-4.4", ["Kernel panic - not syncing: Out of memory and no killable processes..."]),
        (
            "linux-4.19",
            [
                "Out of memory and no killable processes...",
                "Kernel panic - not syncing: System is deadlocked on memory",
            ],
        ),
    ],
)
def test_nobody_to_kill(policy, last):
    lines = bare(log("decoys", policy))
    assert lines[-len(last) :] == last
    (*_, report) = parse(lines)
    assert report.no_killable and report.panic and not report.kills


@pytest.mark.parametrize(
    ("policy", "kernel_mask", "nofs_nofail"),
    [
        ("linux-2.6.38", "0x280da,", "0x850,"),
        ("linux-3.10", "0x280da,", "0x850,"),
        ("linux-4.4", "0x24280ca,", "0x2400840,"),
        (
            "linux-4.6",
            "0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO),",
            "0x2400840(GFP_NOFS|__GFP_NOFAIL),",
        ),
        (
            "linux-4.10",
            "0x14280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), nodemask=0,",
            "0x1400840(GFP_NOFS|__GFP_NOFAIL),",
        ),
        (
            "linux-4.14",
            "0x14280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), nodemask=(null),  order=0",
            "0x1400840(GFP_NOFS|",
        ),
        (
            "linux-4.19",
            "0x6280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), nodemask=(null), order=0",
            "0x600840(GFP_NOFS|",
        ),
        ("linux-6.12", "0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO),", "0x8c40("),
        (
            "linux-5.4",
            "0x100dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0",
            "0x8c40(GFP_NOFS|__GFP_NOFAIL), order=0",
        ),
    ],
)
def test_gfp_mask_in_the_words_of_each_version(policy, kernel_mask, nofs_nofail):
    """The masks of a fault are those that were recorded on 2.6.38, 4.10, 6.1 and 6.12."""
    run = oomlab.run("small-child", policy)
    assert f"gfp_mask={kernel_mask}" in kernel_log(run)[0][1]
    report = next(event for event in run.kernel.events if event["event"] == "oom_report")
    report["oc"].gfp_mask = gfp.GFP_NOFS | gfp.__GFP_NOFAIL
    assert f"gfp_mask={nofs_nofail}" in kernel_log(run)[0][1]


def test_stamps_and_steps_follow_the_run():
    run = oomlab.run("fork-bomb", "linux-6.12", seed=2)
    lines = kernel_log(run)
    steps = [step for step, _ in lines]
    assert steps == sorted(steps)
    for step, line in lines:
        assert line.startswith(f"[{run.steps[step - 1].tick / 100:12.6f}] ")


def test_a_run_without_a_trace_keeps_no_log_and_an_event_is_json():
    with pytest.raises(ValueError, match="run it with trace=True"):
        kernel_log(oomlab.run("small-child", trace=False))
    run = oomlab.run("oom-group", "linux-6.12")
    report = next(
        event for event in json.loads(run.to_json())["events"] if event["event"] == "oom_report"
    )
    assert report["memcg"] == {"name": "pod", "usage": 300, "limit": 300, "task": "pod"}
    assert [row["name"] for row in report["tasks"]] == ["worker1", "worker2", "sidecar"]


def test_a_version_that_is_none():
    with pytest.raises(ValueError, match="'new'"):
        kernel_log(oomlab.run("small-child", kernel="new"))


def test_a_machine_made_from_a_report_prints_what_a_kernel_could(monkeypatch):
    """No count is below zero, and RAM less what is reserved is the total of the report."""
    for path in sorted(SHIPPED.glob("mix.00*.k6*.json.gz")):
        with gzip.open(path, "rt") as file:
            report = next(parse(json.load(file)["report"]))
        monkeypatch.setitem(SCENARIOS, "of-a-report", None)
        del SCENARIOS["of-a-report"]
        register_report("of-a-report", report)
        printed = "\n".join(bare(log("of-a-report", explain(report).policy.name)))
        assert not re.search(r"[ :]-\d+(?:kB| pages)", printed)
        ram, reserved = (
            int(re.search(rf"(\d+) pages {what}", printed)[1]) for what in ("RAM", "reserved")
        )
        assert ram - reserved == explain(report).total.pages
