"""Properties that users write: of states, and of traces."""

import pytest

import oomlab
from oomlab import explore, hunt
from oomlab.simulate.scheduler import run_schedule


def overtaken(memory, step):
    """The victim that was queued last is reaped first: (M35's list is a stack)."""
    does = step["does"]
    queued = memory or ()
    if does.startswith("queue"):
        return (*queued, does.split()[1])
    if does.startswith("read-trylock") and len(queued) == 2:
        return does.endswith(queued[1]) or queued
    return queued


def test_a_property_of_traces():
    found = explore("lost-victim", "handa", overtaken, vmas=1)
    assert found.verdict == "violated"
    last, first = [s["does"] for s in found.schedule if s["does"].startswith("queue")]
    assert found.schedule[-1]["does"].endswith(first.split()[1])
    memory = None
    for step in found.schedule:
        memory = overtaken(memory, step)
    assert memory is True
    with_slot = explore("lost-victim", "rfc-2015-11-25", overtaken, vmas=1)
    assert with_slot.verdict == "holds"


def test_memory_is_part_of_the_state():
    """Who took the first step is forgotten by the machine, not by him who looks on."""

    def first_of_all(memory, step):
        return memory or step["task"]

    plain = explore("lost-victim", "handa", symmetry=False)
    with_memory = explore("lost-victim", "handa", first_of_all)
    assert plain.states < with_memory.states <= 3 * plain.states


def test_a_hunt_looks_on_too():
    found = hunt("lost-victim", "handa", overtaken, runs=300, seed=2)
    assert found.verdict == "violated" and found.schedule[-1]["does"].startswith("read-trylock")


@pytest.mark.parametrize(
    "question, word",
    [
        (lambda kernel: ("kill", "victim1") in kernel.happened, "Kernel.happened"),
        (lambda kernel: kernel.jiffies > 3, "Kernel.jiffies"),
    ],
)
def test_a_property_of_states_looks_at_nothing_else(question, word):
    with pytest.raises(ValueError, match=word):
        explore("lost-victim", "handa", question)


def test_what_a_trace_remembers_does_not_change():
    with pytest.raises(ValueError, match=r"remembered \[1\].*a tuple"):
        explore("lost-victim", "handa", lambda memory, step: [1])


@pytest.mark.parametrize("policy", ["handa", "kmallocwd"])
def test_a_function_may_call_equals_by_their_names(policy):
    """Only the second victim is asked about: with symmetry, any could stand for it."""

    def second_alone(kernel) -> bool:
        marked = [task.name for task in kernel.tasks if task.memdie]
        return marked == ["victim2"]

    found = explore("lost-victim", policy, second_alone)
    assert found.verdict == "violated"
    kernel = oomlab.build("lost-victim", policy)[0]
    run_schedule(kernel, found.pids)
    assert second_alone(kernel)


def test_a_place_on_the_task_list_is_asked_of_those_before_it():
    """The third on the list is another task once one before it has gone."""

    def third(kernel) -> bool:
        return len(kernel.tasks) < 6 and kernel.tasks[3].name == "victim2"

    answers = [explore("lost-victim", "handa", third, vmas=1, audit=a) for a in (0, 1.0)]
    assert {answer.verdict for answer in answers} == {"violated"}
    assert len(answers[0].pids) == len(answers[1].pids)


def test_what_was_never_entered_is_told():
    found = explore("panic-knobs", "linux-4.4", "no-deadlock", panic_on_oom=1)
    assert found.verdict == "holds" and "oom_kill_process" in found.never
    assert "no step ever entered oom_kill_process" in found.sentence()
    full = explore("second-oom", "linux-4.6")
    assert (
        "oom_reap_task" not in full.never and "never entered oom_reap_task" not in full.sentence()
    )


def counts_on_itself(current):
    yield "first", "step"
    counts_on_itself.n = getattr(counts_on_itself, "n", 0) + 1
    current.kernel.busy_workers = counts_on_itself.n


class Doubled:
    def __init__(self):
        self.kept = 0

    @property
    def value(self):
        return self.kept

    @value.setter
    def value(self, new):
        self.kept = 2 * new


def writes_a_property(doubled):
    def program(current):
        yield "first", "step"
        doubled.value = doubled.value + 1
        yield "second", "step"
        current.kernel.busy_workers = doubled.value

    return program


@pytest.mark.parametrize(
    "program, sentence",
    [
        (lambda: counts_on_itself, "what the function counts_on_itself holds"),
        (lambda: writes_a_property(Doubled()), "Doubled.value is a property"),
    ],
)
def test_what_is_written_beside_the_machine_is_refused(monkeypatch, program, sentence):
    def machine(policy):
        vars(counts_on_itself).clear()
        kernel = oomlab.model.kernel.Kernel(policy, 64, min_kbytes=32)
        kernel.spawn("mine", ((program(),),))
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "beside", machine)
    with pytest.raises(ValueError, match=sentence):
        explore("beside", "linux-4.4", lambda kernel: kernel.busy_workers > 9)
