"""Broken input never raises and never hangs: mutated recordings, and text that looks like reports.

OOMLAB_FUZZ multiplies the number of inputs for each test (wide.py).
"""

import io
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports_styles import STYLES
from wide import examples

from oomlab.reports.judge.explain import explain
from oomlab.reports.judge.report_machine import scenario_from_report
from oomlab.reports.read.parse import NotText, parse
from oomlab.reports.tell.explain_command import as_dict
from oomlab.reports.tell.words import text_of
from oomlab.simulate.page_accounting import unaccounted

INPUTS = examples(300)
SECONDS = 2  # for one input of some ten kB: a regular expression that explodes takes for ever

TEXTS = [
    path.read_text() for path in sorted((Path(__file__).parent / "data/reports").glob("*.txt"))
]
LINES = sorted({line for text in TEXTS for line in text.split("\n")})
HARD = [
    "[" * 32,
    "]" * 99,
    "(" * 22,
    ">" * 500,
    "{" * 5000,
    "\\",
    "=",
    "=3D",
    "=\n=\n=",
    "\x1b[",
    "\0" * 9,
    "\ufeff",
    "\ud800",
    "#012#012#012",
    '{"log": {"log": []}}',
    '{"MESSAGE": [1, 2, 300, "x"]}',
    "[  pid  ] name",
    "[ pid ] uid uid uid uid name",
    "[1] 1 1 1 1 1 1 1 1 1 1 1",
    "[99999999999999999999] 9 9 9 9 9 9 9 9 x",
    "[1] -1 -1 -1 -1 -1 -1 -1 -1 x",
    "Killed process 1 (" + "(" * 300,
    "Kill process 1 (x) score 999999999999 or sacrifice child",
    "x invoked oom-killer: gfp_mask=0x, order=99999999, oom_score_adj=-99999999",
    "oom-kill:constraint=CONSTRAINT_MEMCG,task=,pid=,uid=",
    "memory: usage 0kB, limit 0kB",
    "[1] 1 1 1 " + "9" * 5000 + " 1 1 x",
    "[1] 1 1 " + "9 " * 5000,
    "[ pid ] " + "rss " * 5000,
    "lowmem_reserve[]: " + "9" * 5000,
    "9" * 5000 + " pages RAM",
    "Free swap = " + "9" * 5000,
    "0 pages RAM",
    "9 pages reserved",
    "Total swap = 99999999999999999kB",
    "Mem-Info:",
    "Node 0 DMA: 0*0kB = 0kB",
    "Node 0 DMA free:1kB min:",
    "lowmem_reserve[]: x y",
    "oom_reaper: reaped process 1 (x), now anon-rss:0kB",
    "Memory cgroup stats for : a:1KB",
    "Tasks in / are going to be killed",
    "Linux version 9.9.9",
    "Out of memory " * 9,
    "Mem-Info:" * 9,
]


def digest(source):
    """All that is done with a report; the time it took."""
    start = time.process_time()
    for report in parse(source):
        assert report.missing is not None and report.kind and report.page_kb > 0
        explanation = explain(report)
        assert as_dict(explanation)["kind"] == report.kind
        assert text_of(explanation)
        assert explanation.verdict.agrees is not False or explanation.verdict.reason
    return time.process_time() - start


def mutated(draw: Random) -> bytes:
    """A recording, perhaps in another style, cut, shuffled, doubled, mixed, or with odd bytes."""
    lines = [line for line in draw.choice(TEXTS).split("\n") if line]
    text = STYLES[draw.choice(list(STYLES))](lines) if draw.random() < 0.5 else "\n".join(lines)
    for _ in range(draw.randint(1, 4)):
        lines = text.split("\n")
        at, width = draw.randrange(len(lines)), draw.randint(9, 120)
        match draw.randrange(10):
            case 0:
                text = text[draw.randrange(len(text) + 1) :]
            case 1:
                text = text[: draw.randrange(len(text) + 1)]
            case 2:
                draw.shuffle(lines)
                text = "\n".join(lines)
            case 3:
                text = "\n".join(lines[:at] + lines[max(0, at - 20) : at] * 3 + lines[at:])
            case 4:
                text = "\n".join(line[:width] for line in lines)
            case 5:
                text = "\n".join(
                    line[i : i + width] for line in lines for i in range(0, len(line) + 1, width)
                )
            case 6:
                text = text.replace(draw.choice("0123456789 "), draw.choice(["", "99999999", " "]))
            case 7:
                other = draw.choice(TEXTS).split("\n")
                text = "\n".join(x for pair in zip(lines, other, strict=False) for x in pair)
            case 8:
                lines.insert(at, draw.choice(HARD))
                text = "\n".join(lines)
            case 9:
                data = bytearray(text.encode("utf-8", "replace"))
                for _ in range(draw.randint(1, 200) if data else 0):
                    data[draw.randrange(len(data))] = draw.randrange(256)
                text = data.decode("latin-1")
    return text.encode("utf-8", "replace")


@pytest.mark.timeout(0)
def test_mutated_reports():
    slowest = 0.0
    for seed in range(INPUTS):
        data = mutated(Random(seed))
        source = io.BytesIO(data) if seed % 2 else data.decode("utf-8", "replace").split("\n")
        try:
            slowest = max(slowest, digest(source))
        except NotText:
            assert seed % 2
    assert slowest < SECONDS


@pytest.mark.timeout(0)
@settings(max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.one_of(
            st.sampled_from(LINES),
            st.sampled_from(HARD),
            st.text(max_size=80),
            st.builds("".join, st.lists(st.sampled_from(LINES + HARD), max_size=3)),
        ),
        max_size=60,
    )
)
def test_any_lines(lines):
    assert digest(lines) < SECONDS


@pytest.mark.timeout(0)
@settings(max_examples=INPUTS, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes(data):
    try:
        assert digest(data) < SECONDS
    except NotText:
        assert data


def test_what_was_mutated_can_still_be_run_or_says_why_not():
    for seed in range(min(INPUTS, 60)):
        for report in parse(mutated(Random(seed)).decode("latin-1")):
            try:
                kernel = scenario_from_report(report)
            except ValueError as refusal:
                assert str(refusal)
            else:
                assert unaccounted(kernel) == 0


@pytest.mark.parametrize("lines", ["12 34\n", "x\n", "> [1] 1 1\n12\n", "|__GFP_ZERO\n"])
def test_messages_of_many_short_lines_take_linear_time(lines):
    row = "[1] 1 1 1\n"
    assert digest((row + lines * 2000) * 10) < SECONDS


@pytest.mark.parametrize("piece", HARD)
def test_hard_pieces_take_linear_time(piece):
    head = "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
    assert digest(head + piece * 2000) < SECONDS
    assert digest(head + (piece + "\n") * 2000) < SECONDS
    assert digest(head + (piece + " ") * 2000) < SECONDS
