"""The recorder of tests/recorder, without a guest: scripts, parsing, and two runs it recorded."""

import json
import os
import sys
from pathlib import Path

import pytest

from oomlab.recordings.fidelity import compare

HERE = Path(__file__).parent
sys.path.append(str(HERE / "recorder"))
from guest_output import (  # noqa: E402
    clock_of,
    numbers_of,
    outcome_of,
    parse_reports,
    read_guest,
    report_in,
    snapshot_of,
    trace_of,
    zones_of,
)
from record import initramfs, script_of  # noqa: E402

LOG = """\
<6>[    1.000000] Run /init as init process
<4>[    3.887780] a hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-1000
<4>[    3.887800] CPU: 0 UID: 0 PID: 81 Comm: a hog Not tainted 6.12 #1
<6>[    3.888000] memory: usage 24576kB, limit 24576kB, failcnt 38
<4>[    3.888100] Node 0 DMA free:392kB boost:0kB min:216kB low:268kB high:320kB managed:15360kB
<6>[    3.888200] Tasks state (memory values in pages):
<6>[    3.888300] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
<6>[    3.888400] [     79]     0    79     2338     2243    61440        0             0 big one
<6>[    3.888500] oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,task=big,pid=79,uid=0
<3>[    3.910483] Memory cgroup out of memory: Killed process 79 (big one) total-vm:9352kB, \
anon-rss:8480kB, file-rss:488kB, shmem-rss:4kB, UID:0 pgtables:60kB oom_score_adj:0
<6>[    5.910483] oom_reaper: reaped process 79 (big one), now anon-rss:0kB, file-rss:8kB, \
shmem-rss:4kB
"""
PROC = "/proc/79/"
DATA = (
    "\x1eevent 20 0 write /proc/sys/vm/panic_on_oom\n\x1eevent 21 22 mkdir /sys/fs/cgroup/a\n"
    "\x1etask before big 79 2 0 0\n"
    f"\x1efile before {PROC}statm\n2338 2243 123 150 0 9 0\n"
    f"\x1efile before {PROC}status\nName:\tbig\nUid:\t0\t0\t0\t0\nVmRSS:\t8972 kB\nSeccomp:\t0\n"
    f"\x1efile before {PROC}oom_score\n700\n\x1efile before {PROC}oom_score_adj\n0\n"
    f"\x1efile before {PROC}smaps_rollup\n00400000-7ffc [rollup]\nRss:   8980 kB\n"
    f"\x1efile before {PROC}cgroup\n0::/a/b\n"
    "\x1efile before /proc/meminfo\nMemTotal:   87228 kB\nActive(anon):  1 kB\n"
    "\x1efile before /sys/fs/cgroup/a/b/memory.max\nmax\n"
    f"\x1esurvivor outside\n\x1elog\n{LOG}\x1eend\n"
)
ZONEINFO = """\
Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 0
  pages free     3808
        boost    0
        min      54
        low      67
        high     80
        spanned  4095
        present  3998
        managed  3840
        protection: (0, 62, 62, 62, 62)
Node 0, zone   Normal
  pages free     0
        managed  0
"""


def test_a_report_is_taken_apart():
    (one,) = parse_reports(report_in(read_guest(DATA)["log"]))
    assert (one["t_us"], one["invoker"], one["invoker_pid"]) == (3887780, "a hog", 81)
    assert one["memcg_limit_kb"] == 24576 and one["constraint"] == "CONSTRAINT_MEMCG"
    assert one["zones"][0]["min_kb"] == 216
    assert one["tasks"][0]["name"] == "big one" and one["tasks"][0]["rss"] == 2243
    assert one["kills"][0]["anon_rss_kb"] == 8480 and one["kills"][0]["oom_score_adj"] == 0


def test_the_outcome_names_tasks_by_their_ids():
    guest = read_guest(DATA)
    outcome = outcome_of(guest, guest["log"], parse_reports(guest["log"]), False)
    assert outcome["kill_order"] == ["big"] and outcome["survivors"] == ["outside"]
    assert outcome["reaped"] == [[5910483, "big", 0, 8, 4]]
    assert outcome["completed"] and outcome["panic"] is None


def test_a_snapshot_is_put_together():
    guest = read_guest(DATA)
    before = snapshot_of(guest, "before")
    (proc,) = before["procs"]
    assert proc["status"] == {"Name": "big", "Uid": 0, "VmRSS": 8972}
    assert proc["exact_rss_kb"] == 8980 and proc["statm"][1] == 2243
    assert before["meminfo"] == {"MemTotal": 87228, "Active(anon)": 1}
    assert before["cgroups"] == {"a/b": {"memory.max": "max"}}
    assert snapshot_of(guest, "after") is None
    assert guest["refused"] == ["mkdir /sys/fs/cgroup/a: errno 22"]


@pytest.mark.parametrize("cut", range(0, len(DATA), 97))
def test_a_guest_that_stops_anywhere_is_no_error(cut):
    guest = read_guest(DATA[:cut])
    assert not guest["end"]
    if before := snapshot_of(guest, "before"):
        assert before["meminfo"]["MemTotal"] == 87228


def test_zones_without_memory_are_left_out():
    (zone,) = zones_of(ZONEINFO)
    assert (zone["zone"], zone["free"], zone["low"], zone["managed"]) == ("DMA", 3808, 67, 3840)
    assert zone["protection"] == [0, 62, 62, 62, 62]


def test_numbers():
    assert numbers_of("State:\tR (running)\nlow 0\nodd\n") == {"State": "R (running)", "low": 0}


def test_tracepoints_and_the_two_clocks():
    text = (
        "# tracer: nop\n"
        "     a hog-81      [000] .....     3.926112: mark_victim: pid=79 comm=big one uid=0\n"
        "          <idle>-0       [001] ..s..     5.946000: wake_reaper: pid=79\n"
    )
    trace = trace_of(text)
    assert trace["events"] == [
        [3926112, "a hog", 81, "mark_victim", "pid=79 comm=big one uid=0"],
        [5946000, "<idle>", 0, "wake_reaper", "pid=79"],
    ]
    assert trace_of("") is None  # a guest that panicked tells no trace
    assert clock_of("[    1.500000] recorder: monotonic 1600000 us\n") == [-100000]


def test_a_script_sets_the_scene_before_it_goes():
    script = script_of(
        {
            "sysctl": {"vm.panic_on_oom": 1},
            "cgroups": [{"name": "a", "memory.max": 4096, "cpu.max": "1000 1000000"}],
            "tasks": [
                {"id": "x", "anon_kb": 8, "cgroup": "a", "threads": 2},
                {"id": "y", "behaviour": "grow", "go_group": 1},
                {"id": "z", "behaviour": "trace", "target": "x", "hold_ms": 9},
            ],
            "steps": ["go 1", "cgset a cpu.max max", "until y 256", "kills 2 100", "sig x 9"],
        }
    ).splitlines()
    assert script[:2] == ["write /proc/sys/vm/panic_on_oom 1", "loglevel 8"]
    assert "write /sys/fs/cgroup/cgroup.subtree_control +memory +cpu" in script
    assert "task x cgroup=a anon=8 threads=2" in script
    assert "task y behaviour=grow grow=anon step=256 delay=400 group=1" in script
    assert "task z behaviour=trace trace=exit target=x hold=9" in script
    steps = ["procs before", "go 1", "until y 256 20000", "kills 2 100 300", "sig x 9", "stop"]
    assert [line for line in script if line in steps] == steps
    assert script.index("write /sys/fs/cgroup/a/cpu.max max") < script.index("kills 2 100 300")
    # the tracepoints' buffers take memory, so they are there before the snapshot is
    assert script.index("clock") < script.index("procs before")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"write": {}}, "The scenario has write, which"),
        ({"tasks": [{"id": "x", "uid": 2}], "steps": ["kills 1 9"]}, "Task x has uid, which"),
        (
            {"tasks": [{"id": "x", "behaviour": "rthog"}], "steps": ["kills 1 9"]},
            "knows pause, grow, forkbomb, trace",
        ),
        (
            {"tasks": [{"id": "x", "behaviour": "trace", "target": "y"}], "steps": ["kills 1 9"]},
            "its target y is no task before it",
        ),
        (
            {"tasks": [{"id": "x", "parent": "y"}], "steps": ["kills 1 9"]},
            "its parent y is no task before",
        ),
        ({"tasks": [{"id": "x", "cgroup": "c"}], "steps": ["kills 1 9"]}, "has no cgroup c"),
        ({"tasks": [{"id": "x"}, {"id": "x"}], "steps": ["kills 1 9"]}, "and its own"),
        ({"tasks": [{"id": "x"}]}, "needs tasks and steps"),
        ({"tasks": [{"id": "x"}], "steps": ["kills"]}, "knows go, watch, kills"),
        ({"tasks": [{"id": "x"}], "steps": ["kills 1 9", "sig y 9"]}, "Step 'sig y 9'"),
    ],
)
def test_what_it_does_not_know_is_refused_with_a_sentence(config, sentence):
    with pytest.raises(ValueError, match=sentence):
        script_of(config)


@pytest.mark.parametrize(
    "path", sorted((HERE / "recorder" / "scenarios").glob("*.json")), ids=lambda p: p.stem
)
def test_every_scene_is_one_that_it_knows(path):
    assert script_of(json.loads(path.read_text())).count("\ngo ") <= 4


def test_the_archive_is_one_the_kernel_unpacks():
    archive = initramfs({"init": b"abc"})
    assert archive.startswith(b"070701") and len(archive) % 4 == 0
    assert archive.count(b"070701") == 6 and b"TRAILER!!!\0" in archive


RECORDED = sorted((HERE / "data" / "recorder").glob("*.json.gz"))
EACH = 1 if os.environ.get("OOMLAB_FUZZ") else 3  # all of them take half a minute; 3: both kernels


@pytest.mark.parametrize("path", RECORDED[::EACH], ids=lambda p: p.name[:-8])
def test_what_it_recorded_agrees_with_the_model(path):
    assert compare(path).agrees
