"""Logs as they lie about: exports, reboots, folders, compressed files, a pipe, many hosts."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oomlab.cli import main
from oomlab.reports.read.parse import parse
from oomlab.reports.read.when import moment

DATA = Path(__file__).parent / "data" / "reports"
MEMCG = DATA / "6.12-memcg.txt"
LOG = DATA / "6.1-global.txt"
LINES = [line for line in LOG.read_text().split("\n") if line]
FIRST = LINES[: next(n for n, line in enumerate(LINES) if "Killed process" in line) + 1]


def victims(text):
    return [(r.victim.name, r.victim.pid) for r in parse(text)]


def bare(line):
    return line.partition("] ")[2]


def syslog(lines, date="Nov 26 10:00:00", host="box", shift=0.0):
    """As rsyslog writes it, perhaps of another boot."""
    out = []
    for line in lines:
        stamp, _, text = line[1:].partition("] ")
        out.append(f"{date} {host} kernel: [{float(stamp) + shift:12.6f}] {text}")
    return "\n".join(out) + "\n"


WHOM = victims("\n".join(FIRST))


@pytest.mark.parametrize(
    "style",
    [
        lambda lines: "\n".join(
            reversed([f"Nov 26 10:00:00 box kernel: {bare(x)}" for x in lines])
        ),
        lambda lines: "\n".join(reversed(syslog(lines).splitlines())),
        lambda lines: "\n".join(f"2026-11-26 10:00:00.123 box kernel {bare(x)}" for x in lines),
        lambda lines: "\n".join("data: " + json.dumps({"message": bare(x)}) for x in lines),
        lambda lines: "\n".join(json.dumps({"MESSAGE": [*bare(x).encode()]}) for x in lines),
        lambda lines: "\n".join(json.dumps({"MESSAGE": [*x.encode()]}, indent=1) for x in lines),
    ],
    ids=["newest first", "newest first, stamps", "no colon", "events", "bytes", "bytes, indented"],
)
def test_exports(style):
    (report,) = parse(style(FIRST))
    assert [(report.victim.name, report.victim.pid)] == WHOM
    assert report.tasks and report.memory.zones and not report.missing


@pytest.mark.parametrize("shift", [-30.0, 3_000_000.0])
def test_a_pid_that_was_killed_before_may_be_used_again(shift):
    """After a reboot the stamps fall; weeks later a pid is another process."""
    text = syslog(FIRST) + syslog(FIRST, date="Dec 20 10:00:00", shift=shift)
    first, second = parse(text)
    assert first.victim.pid == second.victim.pid and second.earlier_victims == ()


def test_a_victim_of_a_second_ago_may_still_be_dying():
    other = [line.replace("Killed process 87 (m3)", "Killed process 85 (m2)") for line in FIRST]
    assert [r.earlier_victims for r in parse(syslog(FIRST) + syslog(other, shift=1.5))] == [
        (),
        (87,),
    ]


def test_a_failed_request_keeps_its_memory_lists():
    failed = "[   1.0] x: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)"
    lists = "[   1.0] Mem-Info:\n[   1.0] active_anon:77 inactive_anon:0 isolated_anon:0"
    text = f"{failed}\n{lists}\n" + "\n".join(FIRST)
    (oom,) = parse(text)
    assert oom.memory.counts["active_anon"] != 77
    failure, same = parse(text, failures=True)
    assert failure.kind == "allocation failure" and failure.memory.counts["active_anon"] == 77
    assert same.lines == oom.lines


def test_kills_of_one_group_without_its_line_are_one_event():
    kill = (
        "[  9.{n}] Memory cgroup out of memory: Killed process {n} (x) total-vm:8kB, anon-rss:4kB"
    )
    gone = (
        "[  9.14] Memory cgroup out of memory: OOM victim 14 (x) is already exiting. Skip killing"
    )
    (event,) = parse("\n".join([kill.format(n=11), kill.format(n=12), gone, kill.format(n=15)]))
    assert [k.pid for k in event.kills] == [11, 12, 15]


def test_a_late_line_of_the_reaper_goes_to_its_own_victim():
    kill = "[ {t}] Out of memory: Killed process {n} (x{n}) total-vm:8kB, anon-rss:4kB, UID:0"
    lines = [kill.format(t="10.0", n=5), kill.format(t="12.5", n=6)]
    lines += ["[ 13.1] oom_reaper: unable to reap pid:5 (x5)", kill.format(t="13.2", n=7)]
    first, second, third = parse("\n".join(lines))
    assert [r.pid for r in first.reaps] == [5] and not second.reaps
    assert third.given_up == ("x5 (5)",)


def test_words_that_a_terminal_and_a_mailer_cut():
    text = "\n".join(LINES).replace("m3\n", "m\n3\n", 1)
    assert WHOM[0] in victims(text)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("Nov  6 10:00:01 box", "Nov  6 10:00:01"),
        ("2026-11-26T10:00:01.25+01:00 box", "2026-11-26T10:00:01+01:00"),
        ("[Thu Nov 26 10:00:01 2026] ", "2026-11-26T10:00:01"),
        ("1795687201000000", "2026-11-26T10:00:01Z"),
        ("Foo 26 10:00:01", None),
        ("", None),
    ],
)
def test_when(head, told):
    assert moment(head) == told


# the command


def run(capsys, *words):
    status = main(["explain", *map(str, words)])
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_compressed_logs(pack, tmp_path, capsys):
    file = tmp_path / "log"
    file.write_bytes(pack(LOG.read_bytes()))
    assert run(capsys, file) == run(capsys, LOG)
    file.write_bytes(pack(LOG.read_bytes())[:-40])
    status, _, err = run(capsys, file)
    assert status == 2 and "compressed and damaged" in err and err.count("\n") == 1


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.log").write_text(syslog(FIRST, date="2026-11-20T10:00:00", host="one"))
    (tmp_path / "sub").mkdir()
    later = syslog(MEMCG.read_text().strip().split("\n"), date="2026-11-25T10:00:00", host="two")
    (tmp_path / "sub" / "b.log.gz").write_bytes(gzip.compress(later.encode()))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(20)) * 99)
    return tmp_path


def test_a_folder_summed_up(folder, capsys):
    status, out, err = run(capsys, folder, "--summary")
    assert status == 0 and not err
    assert out.startswith("3 OOM reports from 2026-11-20T10:00:00 to 2026-11-25T10:00:00")
    assert "Hosts: two 2, one 1." in out and "\none: 1 report\n" in out and "Victims: " in out
    counts = json.loads(run(capsys, folder, "--summary", "--json")[1])
    assert counts["reports"] == 3 and counts["hosts"] == {"two": 2, "one": 1}


def test_a_folder_filtered_and_turned_round(folder, capsys):
    records = [json.loads(x) for x in run(capsys, folder, "--jsonl")[1].splitlines()]
    assert [r["host"] for r in records] == ["one", "two", "two"]
    newest = run(capsys, folder, "--jsonl", "--newest-first")[1].splitlines()
    assert [json.loads(x)["host"] for x in newest] == ["two", "two", "one"]
    since = run(capsys, folder, "--jsonl", "--since", "2026-11-24")[1].splitlines()
    assert len(since) == 2
    killed = run(capsys, folder, "--jsonl", "--killed", "m3")[1].splitlines()
    assert [json.loads(x)["victim"]["name"] for x in killed] == ["m3"]
    status, _, err = run(capsys, folder, "--killed", "no-such-task")
    assert status == 1 and "that was asked for" in err
    assert run(capsys, folder, "--since", "yesterday")[0] == 2


def test_a_page_that_needs_nothing_else(folder, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert run(capsys, LOG, "--html", page)[0] == 0
    text = page.read_text()
    assert "<svg" in text and "<script" not in text and "What to do" in text
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")  # it fetches nothing


def test_other_killers_are_quoted(tmp_path, capsys):
    log = tmp_path / "log"
    log.write_text(
        "Nov 26 10:00:04 n systemd-oomd[6]: Killed /user.slice/app.scope due to memory pressure\n"
        'Nov 26 10:00:05 n earlyoom[7]: sending SIGTERM to process 12 uid 0 "x": badness 8\n'
    )
    status, out, err = run(capsys, log)
    assert (
        status == 0 and not err and "systemd-oomd: " in out and "the kernel made no choice" in out
    )
    assert "Killed /user.slice/app.scope" in out and "earlyoom: " in out
    assert len(json.loads(run(capsys, log, "--json")[1])["neighbours"]) == 2


def test_a_closed_pipe_is_nobodys_fault(tmp_path):
    command = f"{sys.executable} -m oomlab explain {LOG} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("OOM report") and done.stderr == ""


def test_a_pipe_is_answered_soon_after_the_kill_line():
    command = [sys.executable, "-m", "oomlab", "explain", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(("\n".join(FIRST) + "\n").encode())
        process.stdin.flush()  # and stays open
        start = time.monotonic()
        assert process.stdout.readline().startswith(b"OOM report (global)")
        waited = time.monotonic() - start
        process.stdin.close()
        process.stdout.read()
    assert waited < 20  # it is 0.3 s after the start of Python; machines are shared


def test_a_line_of_a_neighbour_names_its_file_and_a_guessed_year_is_said(tmp_path, capsys):
    kill = "Out of memory: Killed process 7 (hog) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n"
    (tmp_path / "a.log").write_text(f"[Mon Apr 17 04:16:45 2023] {kill}")
    (tmp_path / "b.log").write_text(
        f"Nov  3 21:58:33 box kernel: {kill}"
        "Nov  3 21:58:34 box kernel: x: page allocation failure: order:4, mode:0x40cc0\n"
    )
    _, said, _ = run(capsys, tmp_path, "--summary")
    assert "2023-04-17T04:16:45 to Nov  3 21:58:33 (a year that the log does not say" in said
    assert "no host is named: 1 report" in said and "b.log line 2: x, order 4" in said
    found = json.loads(run(capsys, tmp_path, "--json")[1])["neighbours"]
    assert [Path(each["file"]).name for each in found] == ["b.log"]
