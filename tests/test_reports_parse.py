"""The parser finds the same report however the log reached the reader, and says what is missing."""

import io
import json
import re
import tracemalloc
from dataclasses import asdict
from pathlib import Path

import pytest
from reports_styles import STYLES, bare

from oomlab.reports.judge.explain import explain
from oomlab.reports.judge.gfp_mask import decode, in_words
from oomlab.reports.read import messages
from oomlab.reports.read.parse import NotText, parse

RECORDINGS = {p.stem: p.read_text() for p in Path(__file__).parent.glob("data/reports/*.txt")}

HEADER = (
    "[   10.000001] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
)
CPU = "[   10.000002] CPU: 1 PID: 7 Comm: hog Not tainted 5.10.0-8-amd64 #1 Debian"
CAPTIONS = (
    "[   10.000010] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
    "oom_score_adj name"
)
ROWS = [
    "[   10.000011] [      5]     0     5     1000      100    40960        0             0 small",
    "[   10.000012] [      7]  1000     7     9000     8000    90112        0             0 hog",
]
KILLED = (
    "[   10.000020] Out of memory: Killed process 7 (hog) total-vm:36000kB, anon-rss:32000kB, "
    "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:88kB oom_score_adj:0"
)
REPORT = [HEADER, CPU, CAPTIONS, *ROWS, KILLED]


def read(text):
    return list(parse(text))


def only(text):
    (report,) = parse(text if isinstance(text, str) else "\n".join(text))
    return report


def facts(report):
    """All of a report but where in the text it stood, and when."""
    told = asdict(report)
    for where in ("lines", "host", "time", "uptime_s", "torn_table"):
        del told[where]
    for line in told["kills"] + told["reaps"]:
        del line["stamp"]
    return told


def test_there_are_recordings_of_four_kernels():
    assert {name.split("-")[0] for name in RECORDINGS} == {"2.6.38", "4.10.7", "6.1", "6.12"}


@pytest.mark.parametrize(
    ("name", "kinds", "victims", "columns"),
    [
        ("2.6.38-sacrifice", {"global"}, ["m1", "m0", "m5", "m7", "m4"], "cpu oom_adj"),
        ("4.10.7-sacrifice", {"global"}, ["m1", "m0", "m5", "m7", "m4"], "nr_ptes nr_pmds"),
        ("4.10.7-reaped", {"global"}, ["victim"], "nr_ptes nr_pmds"),
        ("6.1-global", {"global"}, ["m3", "m2", "m1"], "pgtables_bytes swapents"),
        ("6.12-memcg", {"memcg"}, ["in_small", "in_big"], "rss_anon rss_file rss_shmem"),
        ("6.12-group", {"memcg"}, ["g4"], "rss_anon rss_file rss_shmem"),
        ("6.12-reaped", {"global"}, ["locked", "other"], "rss_anon rss_file rss_shmem"),
    ],
)
def test_recordings(name, kinds, victims, columns):
    reports = read(RECORDINGS[name])
    assert [report.victim.name for report in reports] == victims
    assert {report.kind for report in reports} == kinds
    assert all(report.complete and not report.missing for report in reports)
    assert all(columns in " ".join(report.columns) for report in reports)
    assert all(report.invoker.pid in {task.pid for task in report.tasks} for report in reports)


def test_what_a_modern_report_says():
    first, second = read(RECORDINGS["6.12-reaped"])
    assert first.kernel == "6.12.117+deb12-cloud-amd64"
    assert first.invoker.gfp_flags == ("GFP_HIGHUSER_MOVABLE", "__GFP_COMP", "__GFP_ZERO")
    assert (first.memory.swap_total_kb, first.memory.swap_free_kb) == (0, 0)
    zones = {zone.name: zone for zone in first.memory.zones}
    assert zones["DMA"].sizes_kb["min"] < zones["DMA"].sizes_kb["low"]
    assert zones["DMA"].lowmem_reserve[0] == 0 < zones["DMA"].lowmem_reserve[1]
    assert sum(kb * n for kb, n in zones["DMA32"].blocks.items()) > 0
    assert first.summary.constraint == "CONSTRAINT_NONE" and first.summary.is_global
    (reap,) = first.reaps
    assert reap.reaped and reap.pid == first.victim.pid and reap.stamp > first.victim.stamp
    assert second.earlier_victims == (first.victim.pid,)


def test_what_a_memcg_report_says():
    first, _ = read(RECORDINGS["6.12-memcg"])
    used = first.memcg.counters["memory"]
    assert 0 < used.usage_kb <= used.limit_kb
    assert first.summary.oom_memcg in first.memcg.stats
    assert first.memcg.stats[first.summary.oom_memcg]["anon"] > 0


def test_a_group_is_one_report_with_several_kills():
    (report,) = read(RECORDINGS["6.12-group"])
    assert report.group == "/g"
    assert [kill.name for kill in report.kills] == ["g4", "g1", "g2", "g3"]


def test_a_group_is_one_report_though_its_line_is_cut():
    lines = RECORDINGS["6.12-group"].split("\n")
    cut = [line.partition(" are going")[0] for line in lines]
    assert cut != lines and len(only(cut).kills) == 4


def test_a_panic_has_no_victim():
    (report,) = read(RECORDINGS["6.12-panic"])
    assert report.victim is None and report.panic.endswith("panic_on_oom is enabled")
    assert "kill line" not in report.missing and not report.complete  # there is none to miss


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", RECORDINGS)
def test_every_style_holds_the_same_reports(name, style):
    lines = [line for line in RECORDINGS[name].split("\n") if line]
    expected = [facts(report) for report in read(RECORDINGS[name])]
    if style.startswith("hard-wrapped"):
        # the width of a terminal is only known once two lines have met it
        expected, found = map(victims_and_sizes, (RECORDINGS[name], STYLES[style](lines)))
    else:
        found = [facts(report) for report in read(STYLES[style](lines).encode())]
    assert found == expected


def victims_and_sizes(text):
    return [
        (r.victim and r.victim.pid, r.tasks, r.memory and r.memory.ram_pages) for r in read(text)
    ]


def test_utf_16_as_a_windows_shell_writes_it():
    expected = [facts(report) for report in read(RECORDINGS["6.1-global"])]
    for encoding in ("utf-16", "utf-16-be", "utf-16-le"):
        text = RECORDINGS["6.1-global"].encode(encoding)
        if encoding == "utf-16-be":
            text = b"\xfe\xff" + text
        assert [facts(report) for report in read(text)] == expected


def test_all_kinds_of_input():
    text = RECORDINGS["4.10.7-reaped"]
    lines = text.splitlines()
    expected = [facts(report) for report in read(text)]
    encoded = [line.encode() + b"\n" for line in lines]
    files = [io.BytesIO(text.encode()), io.StringIO(text)]
    for source in (text.encode(), lines, encoded, *files, (line for line in lines)):
        assert [facts(report) for report in parse(source)] == expected


@pytest.mark.parametrize(
    "data", [b"\x1f\x8b\x08" + bytes(100), bytes(range(1, 32)) * 99, b"PK\x03\x04"]
)
def test_what_is_no_text_is_refused_in_words(data):
    with pytest.raises(NotText, match="text|compressed"):
        read(data)


def test_nothing_is_found_in_nothing():
    assert read("") == read(b"") == read([]) == read("no report here\n" * 9) == []


KILL_LINES = {
    "Killed process 12 (x)": (12, "x", {}),
    "Out of memory: Killed process 12 (x).": (12, "x", {}),
    "Killed process 12 (x) vsz:8kB, anon-rss:4kB, file-rss:0kB": (
        12,
        "x",
        {"vsz": 8, "anon-rss": 4, "file-rss": 0},
    ),
    "Killed process 12, UID 602, (ja va) total-vm:8kB, anon-rss:4kB, file-rss:0kB": (
        12,
        "ja va",
        {"total-vm": 8, "anon-rss": 4, "file-rss": 0},
    ),
    "Killed process 12 (a.out), UID 0, total-vm:8kB, anon-rss:4kB": (
        12,
        "a.out",
        {"total-vm": 8, "anon-rss": 4},
    ),
    "Memory cgroup out of memory: Killed process 12 (CPU 11/KVM) total-vm:8kB, anon-rss:4kB": (
        12,
        "CPU 11/KVM",
        {"total-vm": 8, "anon-rss": 4},
    ),
    "Killed process 12 ((sd-pam)) total-vm:8kB": (12, "(sd-pam)", {"total-vm": 8}),
    "Killed process 12 (()) total-vm:8kB": (12, "()", {"total-vm": 8}),
    "Killed process 12 ([) total-vm:8kB": (12, "[", {"total-vm": 8}),
    'Killed process 12 ("q" (r), s) total-vm:8kB': (12, '"q" (r), s', {"total-vm": 8}),
    "Killed process 12 (oom02:45) total-vm:8kB, UID:7 pgtables:4kB oom_score_adj:0": (
        12,
        "oom02:45",
        {"total-vm": 8, "pgtables": 4},
    ),
    "Out of memory: Killed process 12 (cut-o": (12, "cut-o", {}),
}


@pytest.mark.parametrize("line", KILL_LINES)
def test_kill_lines(line):
    kill = messages.killed(line)
    assert (kill.pid, kill.name, kill.sizes_kb) == KILL_LINES[line]


def test_kill_lines_name_the_user_and_the_adj():
    assert messages.killed("Killed process 1, UID 602, (x) total-vm:1kB").uid == 602
    assert messages.killed("Killed process 1 (x), UID 7, total-vm:1kB").uid == 7
    last = messages.killed("Killed process 1 (x) total-vm:1kB, UID:9 pgtables:4kB oom_score_adj:-5")
    assert (last.uid, last.oom_score_adj) == (9, -5)
    assert messages.killed("would have killed process 1 (x), but continuing instead...") is None


HEADERS = {
    "a b/c:d invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=0, oom_score_adj=5": (
        "a b/c:d",
        0xD0,
        (),
        0,
        5,
        0,
    ),
    "x invoked oom-killer: gfp_mask=0x201da, order=2, oom_adj=-17": (
        "x",
        0x201DA,
        (),
        2,
        None,
        -17,
    ),
    "x invoked oom-killer: gfp_mask=0xc0(GFP_KERNEL), nodemask=(null),  order=0, oom_score_adj=0": (
        "x",
        0xC0,
        ("GFP_KERNEL",),
        0,
        0,
        None,
    ),
    "x invoked oom-killer: gfp_mask=0x0(), order=-1, oom_score_adj=0": ("x", 0, (), -1, 0, None),
    "y invoked oom-killer: gfp_mask=0x1(GFP_A|__G FP_B), order=0, oom_score_adj=0": (
        "y",
        1,
        ("GFP_A", "__GFP_B"),
        0,
        0,
        None,
    ),
    'startLine           = "x invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=0': (
        "x",
        1,
        (),
        0,
        0,
        None,
    ),
    "x invoked oom-killer:": ("x", None, (), None, None, None),
}


@pytest.mark.parametrize("line", HEADERS)
def test_headers(line):
    found = messages.header(line)
    told = (found.comm, found.gfp_mask, found.gfp_flags, found.order)
    assert (*told, found.oom_score_adj, found.oom_adj) == HEADERS[line]


def test_a_text_about_headers_is_no_header():
    assert read('if "invoked oom-killer:" in line:\n    raise ValueError\n') == []


def test_an_unknown_prefix_is_not_part_of_the_name():
    report = only([f"node7 |%| {bare(line)}" for line in REPORT[:1]] + REPORT[1:])
    assert report.invoker.comm == "hog"


@pytest.mark.parametrize("comm", ["tmux: server", "Web Content", "a(b)"])
def test_a_name_with_blanks_behind_an_unknown_prefix(comm):
    header = bare(HEADER).replace("hog", f"node7 of rack 12 |%| {comm}")
    report = only([header, bare(CPU).replace("hog", comm), *REPORT[2:]])
    assert report.invoker.comm == comm


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Killed process 7 (hog) ...", "hog"),
        ("Killed process 7 (hog) .... ....", "hog"),
        ("Killed process 7 ((sd-pam)) total-vm:4kB, anon-rss:0kB", "(sd-pam)"),
        ("Killed process 7 (a) b) total-vm:4kB", "a) b"),
        ("Killed process 7, UID 33, (hog).", "hog"),
        ("Killed process 7 (hog", "hog"),
    ],
)
def test_the_name_in_a_kill_line(line, name):
    assert messages.killed(line).name == name


def test_a_wrapped_line_may_go_on_with_dashes():
    """RHEL prints a row of dashes for the taint flags it does not use."""
    cpu = CPU.replace("Not tainted", "Tainted: G     \n  ------------ T")
    assert only([HEADER, cpu, *REPORT[2:]]).kernel == "5.10.0-8-amd64"


def test_a_mailer_that_escapes_more_than_it_has_to():
    """Dots, and no-break spaces, which are two bytes."""
    lines = [line.replace("=", "=3D").replace(".", "=2E") for line in REPORT]
    lines[0] = lines[0].replace("] hog", "] =C2=A0hog")
    assert facts(only(lines)) == facts(only(REPORT))


def test_hosts_may_be_interleaved():
    lines = []
    for number, line in enumerate(REPORT):
        lines += [
            f"May  9 14:52:38 a kernel: {line}",
            f"May  9 14:52:38 b kernel: {line}".replace(" 7 ", " 8 "),
        ]
        lines.append(f"May  9 14:52:38 a cron[{number}]: (root) CMD (true)")
    reports = {report.host: report for report in read("\n".join(lines))}
    assert {host: report.victim.pid for host, report in reports.items()} == {"a": 7, "b": 8}
    assert all(report.complete and len(report.tasks) == 2 for report in reports.values())


def test_moved_and_doubled_lines_of_one_moment():
    moved = [HEADER, HEADER, ROWS[1], CAPTIONS, ROWS[1], CPU, KILLED, KILLED, ROWS[0]]
    report = only(moved)
    assert report.complete and report.missing == ["memory totals"]
    assert [task.name for task in report.tasks] == ["small", "hog"]  # in the order of their stamps
    assert len(report.kills) == 1


def test_a_kill_line_before_its_header():
    report = only([KILLED, *REPORT[:-1]])
    assert report.victim.pid == 7 and len(report.tasks) == 2
    assert report.late_header and "header line before the kill line" in report.missing


def test_two_reports_in_a_row_are_two():
    later = [line.replace("10.0", "11.5").replace("hog", "pig") for line in REPORT]
    first, second = read("\n".join(REPORT + later))
    assert (first.victim.name, second.victim.name) == ("hog", "pig")


def test_rate_limited_kills_are_reports_of_their_own():
    more = KILLED.replace("Killed process 7 (hog)", "Killed process 9 (cow)")
    first, second = read("\n".join([*REPORT, more]))
    assert (first.victim.pid, second.victim.pid) == (7, 9)
    assert "header line" in second.missing and second.kernel == first.kernel


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ([HEADER], {"header line"}),
        ([CPU], {"kernel version"}),
        ([CAPTIONS], {"start of the task table"}),
        (ROWS, {"task table"}),
        (ROWS[1:], {"the victim's row"}),
        ([KILLED], {"kill line"}),
    ],
)
def test_what_is_missing_is_named(without, missing):
    report = only([line for line in REPORT if line not in without])
    assert missing <= set(report.missing)
    assert report.complete == (missing == {"kernel version"})


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("          -", "900 hog", (-900, "hog")),
        ("          0", "531", (0, "531")),
    ],
)
def test_a_row_broken_where_it_is_hard_to_see(first, second, told):
    """Between a sign and its number, and in front of a name of digits."""
    lines = [bare(line) for line in REPORT]
    lines[4:5] = [lines[4].partition("0             0 hog")[0] + "0" + first, second]
    assert [(t.oom_score_adj, t.name) for t in only(lines).tasks if t.pid == 7] == [told]


def test_free_blocks_are_believed_if_all_are_there():
    zone = "Node 0 DMA free:9kB min:1kB low:2kB high:3kB"
    buddy = "Node 0 DMA: 1*4kB (U) 0*8kB"
    blocks = {}
    for more in ("", " = 4kB"):
        report = only([*REPORT[:2], zone, buddy + more, *REPORT[2:]])
        blocks[more] = report.memory.zones[0].blocks
    assert blocks == {"": {}, " = 4kB": {4: 1, 8: 0}}


@pytest.mark.parametrize(
    "columns",
    [
        "uid tgid total_vm rss cpu oom_adj name",
        "uid tgid total_vm rss nr_ptes nr_pmds swapents oom_score_adj name",
        "uid tgid total_vm rss pgtables_bytes swapents oom_score_adj name",
        "uid tgid total_vm rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj "
        "name",
    ],
)
def test_captions_are_inferred_from_the_width(columns):
    values = {name: i for i, name in enumerate(columns.split()[:-1], 3)} | {"pgtables_bytes": 8192}
    cells = " ".join(str(values[name]) for name in columns.split()[:-1])
    report = only([f"[    1] {cells} some name", KILLED])
    (task,) = report.tasks
    assert report.captions_lost and task.name == "some name"
    assert all(getattr(task, name) == values[name] for name in columns.split()[:-1])


def test_a_cut_row_does_not_lie_about_its_last_number():
    report = only([HEADER, CPU, CAPTIONS, ROWS[1].partition("00    90112")[0], KILLED])
    (task,) = report.tasks
    assert (task.pid, task.total_vm, task.rss, task.name) == (7, 9000, None, "")
    assert "parts of 1 rows" in report.missing


def test_a_reply_between_two_pieces_of_a_message():
    quoted = ["> " + line for line in REPORT]
    quoted[3:4] = [
        "> " + ROWS[0][:70],
        "",
        "Why is this one here?",
        "",
        "> " + ROWS[0][70:].strip(),
    ]
    report = only(quoted)
    assert [task.name for task in report.tasks] == ["small", "hog"]


def test_a_row_whose_end_lost_its_quote_marks():
    quoted = ["> " + line for line in REPORT]
    quoted[3:4] = ["> " + ROWS[0][:74], ROWS[0][74:].strip()]
    assert [task.name for task in only(quoted).tasks] == ["small", "hog"]


def test_the_constraint_says_the_kind():
    def kind(more, header=HEADER):
        return only([header, CPU, CAPTIONS, *ROWS, *more, KILLED]).kind

    line = "[   10.000015] oom-kill:constraint={},nodemask=1,mems_allowed=1,task=hog,pid=7,uid=9"
    assert kind([]) == "global"
    assert kind([line.format("CONSTRAINT_CPUSET")]) == "cpuset"
    assert kind([line.format("CONSTRAINT_MEMORY_POLICY")]) == "mempolicy"
    assert kind([line.format("CONSTRAINT_MEMCG")]) == "memcg"
    assert kind([], HEADER.replace("order=0", "order=-1")) == "sysrq"
    assert kind([], HEADER.replace("order=0", "nodemask=1, order=0")) == "mempolicy or cpuset"


def test_no_killable_processes():
    said = "[   10.000020] Out of memory and no killable processes..."
    report = only([HEADER, CPU, CAPTIONS, *ROWS, said])
    assert report.no_killable and report.victim is None
    report = only(
        [
            HEADER,
            CPU,
            CAPTIONS,
            *ROWS,
            "[   10.000020] Kernel panic - not syncing: "
            + ("Out of memory and no killable processes..."),
        ]
    )
    assert report.no_killable and report.panic.startswith("Out of memory")


def test_a_pid_cut_off_at_the_end_of_the_line_is_not_believed_alone():
    line = "[   10.000015] oom-kill:constraint=CONSTRAINT_NONE,task=hog,pid=7"
    report = only([HEADER, CPU, CAPTIONS, *ROWS, line, KILLED.replace("7 (hog)", "71 (hog)")])
    assert report.summary.cut and report.victim.pid == 71
    rows = [row.replace("[      7]", "[ 116846]") for row in ROWS]
    report = only([HEADER, CPU, CAPTIONS, *rows, line.replace("pid=7", "pid=116")])
    assert report.victim.pid == 116846  # the only hog whose pid begins so


def test_the_size_of_a_page_is_seen():
    rows = [row.replace("9000", "1000") for row in ROWS]
    kill = KILLED.replace("36000kB", "64000kB")
    assert only([HEADER, CPU, CAPTIONS, *rows, kill]).page_kb == 64
    assert only([HEADER, CPU.replace("amd64", "1.ppc64le"), *ROWS[:0], KILLED]).page_kb == 64
    assert only(REPORT).page_kb == 4


def test_a_message_of_odd_bytes_in_a_journal():
    lines = [json.dumps({"MESSAGE": bare(line)}) for line in REPORT]
    lines[4] = json.dumps(
        {"MESSAGE": list(bare(ROWS[1].replace("hog", "h\xf6g")).encode("latin-1"))}
    )
    report = only(lines)
    assert [task.pid for task in report.tasks] == [5, 7]
    assert report.tasks[1].name == "h\ufffdg"


def test_json_lines_that_were_cut():
    lines = [json.dumps({"log": line + "\n", "stream": "stdout"})[:-15] for line in REPORT]
    assert facts(only(lines)) == facts(only(REPORT))


def test_a_long_log_needs_little_memory():
    """40 MB of other programs' lines with two reports far apart."""
    noise = b"Jun 20 12:47:04 box nginx[123]: GET /zoom/room HTTP/1.1 200 1234 Mozilla\n" * 14
    text = "\n".join(REPORT).encode() + b"\n"

    class Log(io.RawIOBase):
        def __init__(self):
            self.pieces = iter([text, *[noise] * 20000, text, *[noise] * 20000])

        def read(self, size=-1):
            return next(self.pieces, b"")

    tracemalloc.start()
    reports = read(Log())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [report.victim.pid for report in reports] == [7, 7]
    assert peak < 5e6


def test_a_table_longer_than_any_block():
    row = (
        "[   10.000011] [{0:7d}]  1000 {0:5d}     1000      {1}    40960        0           0 t{0}"
    )
    rows = [row.format(pid, 100 + pid % 90) for pid in range(10000, 30000)]
    report = only([HEADER, CPU, CAPTIONS, *rows, *ROWS, KILLED])
    assert len(report.tasks) == 20002 and report.complete


def test_gfp_masks_in_words():
    assert decode(0x201DA, (2, 6, 32)) == ("GFP_HIGHUSER_MOVABLE", "__GFP_COLD")
    assert decode(0x24280CA, (4, 4)) == ("GFP_HIGHUSER_MOVABLE", "__GFP_ZERO")
    assert decode(0x140DCA, (5, 10)) == ("GFP_HIGHUSER_MOVABLE", "__GFP_ZERO", "__GFP_COMP")
    assert decode(0x140DCA, (4, 14)) == decode(0x140DCA, None) == ()
    assert in_words(("GFP_NOFS", "__GFP_UNHEARD_OF")) == (
        "memory for a file system, which may not be entered again"
    )


@pytest.mark.parametrize("adj", ["45056", "-1001"])
def test_a_row_with_an_adj_that_no_kernel_prints_is_damaged(adj):
    """Its numbers stand in the wrong columns, so none of them is believed."""
    text = re.sub(r"(?m)^(.*\] .*) 0 (m1)$", rf"\1 {adj} \2", RECORDINGS["6.1-global"], count=1)
    whole, damaged = read(RECORDINGS["6.1-global"])[0], read(text)[0]
    assert len(damaged.tasks) == len(whole.tasks) - 1 and damaged.damaged_rows == 1
    assert "parts of 1 rows" in damaged.missing
    assert explain(damaged).report is damaged
