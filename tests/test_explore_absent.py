"""An attribute that an object does not have is read, too: another step may give it one."""

import pytest

import oomlab
from oomlab.explorer import plain
from oomlab.model.kernel import Kernel
from oomlab.model.locks import wake_up_process
from oomlab.policies.presets import PRESETS
from oomlab.scenarios import SCENARIOS
from oomlab.scenarios.programs import hang


class Bare:
    pass


class Default:
    flag = 0


class Slotted:
    __slots__ = ("flag",)


KINDS = [Bare, Default, Slotted]


def asks(current, box):
    yield "ask", ""
    if getattr(box, "flag", 0):
        current.uid = 7
    yield "asked", ""


def tries(current, box):
    yield "try", ""
    try:
        current.uid = 7 if box.flag else 8
    except AttributeError:
        current.uid = 8
    yield "tried", ""


def gives(current, box):
    yield "give", ""
    box.flag = 1
    yield "given", ""


def takes(current, box):
    yield "give", ""
    box.flag = 1
    yield "given", ""
    del box.flag


def adds(current, box):
    yield "add", ""
    box.flag = getattr(box, "flag", 0) + 1


def first(current, made):
    """What is made by steps has no attribute, either."""
    yield "first", ""
    if made:
        made[0].flag = 1
    yield "last", ""
    if made and getattr(made[-1], "flag", 0):
        current.uid = 7
    yield "looked", ""


def boxes(kernel) -> list:
    held = [task.program[0][1] for task in kernel.tasks if task.name == "keeper"]
    return [box for held_ in held for box in (held_ if isinstance(held_, list) else [held_])]


def seven(kernel):
    return any(task.uid == 7 for task in kernel.tasks)


def flagged(kernel):
    return any(getattr(box, "flag", 0) for box in boxes(kernel))


def has_two(kernel):
    return any(hasattr(box, "flag") and box.flag == 2 for box in boxes(kernel))


def machine(made, *programs):
    def scenario(policy):
        kernel, box = Kernel(policy, 4096), made()
        for number, program in enumerate(programs):
            kernel.spawn(f"t{number}", ((program, box),))
        kernel.spawn("keeper", ((hang, box),))
        return kernel

    return scenario


def agree(monkeypatch, scenario, question):
    monkeypatch.setitem(SCENARIOS, "absent", scenario)
    right = plain.explore(lambda: scenario(PRESETS["linux-4.4"]), question)
    found = oomlab.explore("absent", property=question)
    assert (found.verdict, len(found.pids)) == (right[0], len(right[1]))
    if right[0] == "holds":
        assert (found.states, found.transitions) == right[2:]


@pytest.mark.parametrize("question", [seven, flagged, has_two])
@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("programs", [(asks, gives), (tries, takes), (adds, adds)])
def test_an_attribute_that_comes_and_goes(monkeypatch, made, programs, question):
    agree(monkeypatch, machine(made, *programs), question)


@pytest.mark.parametrize("question", [seven, flagged])
@pytest.mark.parametrize("kind", KINDS)
def test_an_attribute_of_what_a_step_makes(monkeypatch, kind, question):
    def makes(current, made):
        yield "make", ""
        made.append(kind())

    agree(monkeypatch, machine(list, makes, first, makes), question)


def test_a_method_is_not_replaced_by_a_step(monkeypatch):
    class Replaced:
        def answer(self):
            return 1

    def replaces(current, box):
        yield "replace", ""
        box.answer = hang

    monkeypatch.setitem(SCENARIOS, "absent", machine(Replaced, replaces))
    with pytest.raises(ValueError, match="is a method that a step writes"):
        oomlab.explore("absent")


# ------------------------------------------------------------------ one of the equals, out of sight
def in_a_closure(kernel):
    tasks = []

    def program(current):
        yield "one", ""
        if tasks[0] is not current:
            tasks[0].uid = 7
        yield from hang(current)

    tasks = tuple(kernel.spawn(f"t{n}", ((program,),)) for n in range(3))
    return tasks


def in_a_default(kernel):
    victims = [kernel.spawn(f"v{n}", ((hang,),)) for n in range(3)]

    def program(current, victim=victims[0]):
        yield "one", ""
        victim.uid += 1
        yield from hang(current)

    return zip(victims, [kernel.spawn(f"t{n}", ((program,),)) for n in range(3)], strict=True)


def in_a_class(kernel):
    class Box:
        victim = kernel.spawn("v0", ((hang,),))

    victims = [Box.victim, *[kernel.spawn(f"v{n}", ((hang,),)) for n in (1, 2)]]

    def program(current):
        yield "one", ""
        Box.victim.uid += 1
        yield from hang(current)

    return zip(victims, [kernel.spawn(f"t{n}", ((program,),)) for n in range(3)], strict=True)


@pytest.mark.parametrize("spawn", [in_a_closure, in_a_default, in_a_class])
def test_a_function_or_a_class_that_holds_one_of_the_equals(monkeypatch, spawn):
    def scenario(policy):
        kernel = Kernel(policy, 4096)
        for group in spawn(kernel):
            kernel.symmetric.append(list(group) if isinstance(group, tuple) else [group])
        return kernel

    def changed(kernel):
        return sum(task.uid not in (0, 1000) for task in kernel.tasks) > 1

    def thrice(kernel):
        return any(task.uid == 1003 for task in kernel.tasks)

    for question in (changed, thrice):
        agree(monkeypatch, scenario, question)


@pytest.mark.parametrize("symmetry", [True, False])
def test_a_third_process_that_names_one_of_the_equals_and_goes_on(monkeypatch, symmetry):
    """What it names is constant until it goes on: an image must not hold what has changed since."""

    def naps(current):
        yield "arm", current
        timer = current.kernel.add_timer(3, wake_up_process, current)
        yield "armed", current
        current.kernel.del_timer(timer)

    def counts(current, box):
        yield "count", box
        box.flag = 1

    def scenario(policy):
        kernel, own = Kernel(policy, 4096), [Slotted(), Slotted()]
        for box in own:
            box.flag = 0
        kernel.spawn("keeper", ((hang, tuple(own)),))
        tasks = [kernel.spawn("same", ((naps,),)) for _ in own]
        kernel.symmetric += [[task, box] for task, box in zip(tasks, own, strict=True)]
        kernel.spawn("third", ((counts, own[0]),))
        return kernel

    monkeypatch.setitem(SCENARIOS, "absent", scenario)
    found = oomlab.explore("absent", property=lambda kernel: False, symmetry=symmetry, audit=1.0)
    right = plain.explore(lambda: scenario(PRESETS["linux-4.4"]), lambda kernel: False)
    assert (found.verdict, found.states <= right[2]) == ("holds", True)


@pytest.mark.parametrize("change", [list.reverse, lambda queue: queue.append(queue.pop(0))])
def test_a_list_of_the_equals_that_is_put_in_another_order(monkeypatch, change):
    def changes(current, queue):
        yield "change", ""
        change(queue)

    def ends(current):
        yield "end", ""
        yield from hang(current)

    def scenario(policy):
        kernel, queue = Kernel(policy, 4096), []
        for n in range(3):
            queue.append(kernel.spawn(f"t{n}", ((ends,),)))
            kernel.symmetric.append([queue[n]])
        kernel.spawn("keeper", ((hang, queue),))
        kernel.spawn("third", ((changes, queue),))
        return kernel

    for question in (lambda kernel: False, lambda kernel: boxes(kernel)[0].name == "t1"):
        monkeypatch.setitem(SCENARIOS, "absent", scenario)
        right = plain.explore(lambda: scenario(PRESETS["linux-4.4"]), question)
        found = oomlab.explore("absent", property=question, audit=1.0)
        assert (found.verdict, len(found.pids)) == (right[0], len(right[1]))


def one_with_x(current, queue):
    yield "begin", ""
    made = Bare()
    made.x = 1
    queue.append(made)
    made = None
    yield "made", "one with x"
    queue[0].late = hasattr(queue[0], "x")
    yield "wrote", "late"
    queue.pop(0)


def one_with_y(current, queue):
    yield "begin", ""
    made = Bare()
    made.y = 2
    queue.insert(0, made)
    made = None
    yield "made", "one with y"
    queue.reverse()
    yield "turned", "the list"
    queue.pop()


def one_with_nothing(current, queue):
    yield "begin", ""
    queue.append(Bare())
    yield "made", "one"
    if hasattr(queue[0], "y"):
        del queue[0].y
    yield "took", "y"
    queue.pop()


@pytest.mark.parametrize("last", [one_with_x, one_with_nothing])
def test_new_objects_of_one_class_with_other_attributes(monkeypatch, last):
    def scenario(policy):
        kernel, queue = Kernel(policy, 4096), []
        for number, program in enumerate((one_with_x, one_with_y, last)):
            kernel.spawn(f"t{number}", ((program, queue),))
        return kernel

    def queue_of(kernel):
        calls = [call for task in kernel.tasks if task is not kernel.init for call in task.program]
        return next((call[1] for call in calls if call[1:]), [])

    def turned(kernel):
        names = [[n for n in ("x", "y", "late") if hasattr(o, n)] for o in queue_of(kernel)]
        return names == [["late"], ["x"]]

    agree(monkeypatch, scenario, turned)
    monkeypatch.setitem(SCENARIOS, "attributes", scenario)
    found = oomlab.explore("attributes", property=lambda kernel: False, audit=1.0)
    assert found.verdict == "holds"
