"""Questions have one right answer, the one that the trace gives, and it is not given away."""

import pytest

import oomlab
from oomlab.lab.facts import who_got_them
from oomlab.lab.question_text import ask, folded
from oomlab.lab.questions import ENDS, freeze_step, questions
from oomlab.lab.timeline import takers


@pytest.mark.parametrize("policy", ["linux-4.4", "rfc-2015-11-25", "linux-6.12"])
@pytest.mark.parametrize("scenario", [name for name in oomlab.SCENARIOS if name != "oom-storm"])
def test_answers_are_the_outcome(scenario, policy):
    run = oomlab.run(scenario, policy)
    asked = {question.text: question for question in questions(run)}
    end = asked.pop("How does it end?")
    assert end.choices[end.answer] == ENDS[run.outcome.verdict]
    if who := asked.pop("Who is killed first?", None):
        victims = run.outcome.victims or ["no task"]
        assert victims[0] in who.choices[who.answer].split(" or ") and len(who.choices) > 2
    if pages := asked.pop("Who gets the pages that the reaper frees?", None):
        assert pages.choices[pages.answer].startswith("no task") == (not takers(run))
        told = pages.against[:3]  # They got 2 of 4.
        got = [int(said.split()[2]) if takers(run) else 0 for said in told]
        assert not any(got) or got.count(max(got)) == 1 and got[pages.answer] == max(got)
    assert not asked and (not pages or run.policy.reaper != "none")
    for question in filter(None, (who, end, pages)):
        assert len({*question.choices}) == len(question.choices) and question.why
        assert question.step <= freeze_step(run)
        assert len(question.against) == len(question.choices) and all(question.against)


def test_where_there_is_no_choice_nothing_is_asked():
    """One process alone in its cgroup, and tasks of equal points, which are one choice."""
    assert questions(oomlab.run("lost-victim", "rfc-2015-11-27"))[0].text == "How does it end?"
    who = questions(oomlab.run("page-thieves", "handa"))[0]
    assert who.choices[who.answer] == "dying1 or dying2 or victim"


def test_where_two_kinds_of_tasks_take_as_many_no_answer_is_right():
    equal, more = oomlab.run("page-thieves", "handa"), oomlab.run("page-thieves", "rfc-2015-11-27")
    assert {kind for kind, pages in who_got_them(equal).values() if pages == 2} == {
        "dying",
        "not dying",
    }
    assert not any("Who gets" in question.text for question in questions(equal))
    assert questions(more)[-1].against[0] == "They got 0 of 4."


def test_the_trace_stops_before_the_kill():
    run = oomlab.run("invisible-dependency", "linux-4.6")
    kill = next(event["step"] for event in run.events if event["event"] == "kill")
    assert freeze_step(run) < kill
    text = ask(run)
    assert "SIGKILL" not in text and f"step {freeze_step(run):5}" in text


def test_answers_are_hidden_until_asked_for():
    run = oomlab.run("page-thieves", "rfc-2015-11-27")
    assert "took" not in ask(run) and "-> ?" in ask(run)
    shown = ask(run, answers=True)
    assert "-> ?" not in shown
    assert run.outcome.why in shown


def test_a_tie_is_explained_by_its_rule():
    assert "the first of the list wins" in questions(oomlab.run("page-thieves", "handa"))[0].why


def test_a_page_without_a_kernel_folds_the_answers():
    run = oomlab.run("page-thieves", "handa")
    page = folded(questions(run), run)
    assert page.count("<details>") == page.count("</details>") == 2
    before_first_answer = page.split("<details>")[0]
    assert "equal points" not in before_first_answer and "equal points" in page
