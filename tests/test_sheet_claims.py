"""A sheet is evidence that runs again: what it claims is checked, and a change is found out."""

from dataclasses import replace
from pathlib import Path

import pytest

import oomlab
from oomlab.sheets import check, check_all, read_sheet, sheet_of
from oomlab.sheets.check import known
from tests.test_patch import SLOTS

LOST = sheet_of(oomlab.explore("lost-victim", "rfc-2015-11-25", victims=2), title="lost")
HOLDS = sheet_of(oomlab.explore("lost-victim", "rfc-2015-11-25", reaper="list", vmas=1))


def test_a_sheet_is_as_claimed_and_reads_back():
    for sheet in (LOST, HOLDS):
        again = read_sheet(sheet.text())
        assert again.digest == sheet.computed_digest() and again.text() == sheet.text()
        assert check(again).ok, check(again).wrong
    assert LOST.claim == "violated in 18 steps" and HOLDS.claim == "holds"
    assert HOLDS.policy.endswith("reaper=list")


def test_one_written_by_hand_needs_no_schedule_and_no_digest():
    text = """oomlab sheet 1
# a comment
scenario: lost-victim
policy: mm-2015-12
property: no-victim-lost
claim: violated within 40 steps
"""
    assert check(read_sheet(text)).ok
    assert not check(read_sheet(text.replace("within 40", "within 4"))).ok
    assert not check(read_sheet(text.replace("violated within 40 steps", "holds"))).ok


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "rfc-2015-11-25 reaper_naps=True"},
        {"scenario": "lost-victim victims=3"},
        {"claim": "violated in 17 steps"},
        {"claim": "holds"},
        {"property": "no-deadlock"},
        {"bound": "10 states"},
        {"schedule": (*LOST.schedule[:3], *LOST.schedule[4:])},
        {"schedule": (LOST.schedule[1], LOST.schedule[0], *LOST.schedule[2:])},
        {"schedule": LOST.schedule[:-1]},
        {"schedule": (*LOST.schedule[:-1], LOST.schedule[-1].replace("NULL", "victim1"))},
    ],
)
def test_a_change_is_found_out(change):
    changed = replace(LOST, **change)
    text = changed.text().replace(changed.computed_digest(), LOST.computed_digest())
    assert "digest" in check(read_sheet(text)).wrong
    unsealed = "\n".join(line for line in text.splitlines() if not line.startswith("digest"))
    if "policy" not in change and "scenario" not in change:  # without it, only what is untrue
        assert not check(read_sheet(unsealed)).ok


def test_a_patch_travels_in_the_sheet_and_is_run_only_when_trusted():
    sheet = read_sheet(sheet_of(oomlab.explore("lost-victim", SLOTS)).text())
    assert "def fill_slot" in sheet.patch
    assert "--trust" in check(sheet).wrong
    assert check(sheet, trust=True).ok


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "is no sheet"),
        ("oomlab sheet 99", "reads up to"),
        ("oomlab sheet 1\nscenario: x", "does not say its policy"),
        ("oomlab sheet 1\nscenari: x", "did you mean 'scenario'"),
        ("oomlab sheet 1\nclaim: holds\nclaim: holds", "twice"),
        (HOLDS.text().replace("claim: holds", "claim: maybe"), "the claim is"),
        (LOST.text().replace("1   thread", "x   thread"), "no step of a schedule"),
    ],
)
def test_what_is_no_sheet_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_sheet(text)


def test_folders_are_checked_in_order(tmp_path):
    (tmp_path / "b.sheet").write_text(LOST.text())
    (tmp_path / "a.sheet").write_text(HOLDS.text())
    (tmp_path / "c.sheet").write_text("oomlab sheet 1\nnonsense")
    answers = list(check_all([tmp_path], jobs=1))
    assert [answer.ok for answer in answers] == [True, True, False]
    assert "c.sheet" in answers[2].line() and "WRONG" in answers[2].line()
    with pytest.raises(ValueError, match="there is no"):
        list(check_all([tmp_path / "nothing"]))


SHEETS = sorted((Path(__file__).parents[1] / "sheets").glob("*.sheet"))


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_the_sheets_that_come_with_oomlab_are_as_claimed(path):
    sheet = read_sheet(path.read_text(encoding="utf-8"), path.name)
    assert sheet.digest and sheet.title and sheet.said
    assert sheet.source.startswith(("<", "commit "))
    assert sheet.digest in known() or not (sheet.patch or sheet.code)
    answer = check(sheet, path.name)
    assert answer.ok, answer.line()


def test_each_race_has_the_version_that_had_it_and_the_one_that_fixed_it():
    claims = {}
    for path in SHEETS:
        claims.setdefault(path.stem[0], set()).add(
            read_sheet(path.read_text(encoding="utf-8")).claim.split()[0]
        )
    assert len(SHEETS) >= 24
    assert all(claims[race] == {"holds", "violated"} for race in "abcdefgpkmx"), claims
    assert claims["h"] == {"violated"}  # a slot emptied by xchg was never fixed, but replaced


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda text: text.replace(LOST.computed_digest(), "").replace("digest: ", ""), "is gone"),
        (lambda text: by_hand(text).replace("|", "!", 1), "its chart is of another"),
        (lambda text: by_hand(text).replace("victims=2", "clock=any"), "no parameter 'clock'"),
        (lambda text: by_hand(text).replace("victims=2", "victims=2 victims=2"), "each name once"),
        (lambda text: text.replace("\n", "\r\n").replace("18 steps", "17 steps"), "digest"),
    ],
)
def test_what_was_changed_by_hand_is_said(change, sentence):
    assert sentence in check(read_sheet(change(LOST.text()))).wrong


def by_hand(text):
    """The sheet as a person would have written it: no version, no digest."""
    text = text.replace(", written by oomlab " + oomlab.__version__, "", 1)
    return "\n".join(line for line in text.splitlines() if not line.startswith("digest"))


def test_a_patch_whose_policy_line_says_another_is_refused():
    text = by_hand(sheet_of(oomlab.explore("lost-victim", SLOTS)).text())
    assert check(read_sheet(text), trust=True).ok
    other = text.replace("policy: mm-2015-12", "policy: linux-4.6", 1)
    assert "its patch is of" in check(read_sheet(other), trust=True).wrong
