"""Hostile submissions gain nothing, harm no other, and hold up no grading."""

import errno
import json
import os
import re
import subprocess
import time
from contextlib import suppress
from itertools import product
from pathlib import Path

import mistune
import pytest
from attacks import ATTACKS
from handing_in import SECRET, hand_in, notebook, solution

from oomlab.grading import asking
from oomlab.grading.checks import EXERCISES, give_up, predict
from oomlab.grading.checks.oom_badness import points as true
from oomlab.grading.course import grade_one as result_module
from oomlab.grading.course.feedback import html_page, markdown_page
from oomlab.grading.exercise import PRACTICE, Finding
from oomlab.grading.sandbox import bubblewrap, child_pipe, group, proof, seccomp
from oomlab.policies.presets import PRESETS

BADNESS = EXERCISES["badness"]
TREASURE = "the hidden tests and all the grades"
TOKEN = "a-token-of-the-teachers-in-the-environment"
READER = mistune.create_markdown(escape=False, plugins=["url", "table"])  # makes links, shows HTML


def asked_of_badness(seed):
    """The sizes of memory that a right solution is asked about."""
    sizes = []

    def oom_badness(task, totalpages):
        sizes.append(str(totalpages))
        return true(task, totalpages)

    ask = asking.AskHere({"oom_badness": oom_badness})
    for prop in BADNESS.properties:
        assert BADNESS.attempt(prop, ask, seed) is None
    return set(sizes)


SECRET_SIZES = asked_of_badness(SECRET) - asked_of_badness(PRACTICE)
SECRET_SIZES -= {"500000", "1000000", "2000000"}


pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture
def impatient(monkeypatch):
    """Attacks that wait or loop need not be waited for."""
    monkeypatch.setattr(child_pipe, "ANSWER_SECONDS", 0.6)
    monkeypatch.setattr(asking, "EXERCISE_SECONDS", 1.2)


@pytest.fixture(autouse=True)
def a_secret_environment(monkeypatch):
    monkeypatch.setenv("OOMLAB_TEST_TOKEN", TOKEN)


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "hidden.ipynb").write_text(TREASURE)
    return folder / "hidden.ipynb"


def test_there_are_enough():
    assert len(ATTACKS) >= 140


@pytest.fixture(autouse=True)
def sandboxes(monkeypatch):
    """The pid namespaces of the children, as they prove them."""
    spaces, doubts = set(), proof.doubts

    def noting(found, *rest):
        spaces.add(found["namespaces"]["pid"])
        return doubts(found, *rest)

    monkeypatch.setattr(proof, "doubts", noting)
    return spaces


def left_over(spaces):
    """Processes that still run in one of these namespaces; one that only init must reap is gone."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.readlink(f"/proc/{name}/ns/pid") in spaces:
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
                found += [name] if state != "Z" else []
    return found


@pytest.mark.parametrize("name", ATTACKS)
def test_gains_nothing_and_harms_nobody(name, tmp_path, course, sandboxes, impatient):
    began = time.monotonic()
    data = notebook(ATTACKS[name].replace("CANARY", str(course)))
    result = hand_in(tmp_path, data, BADNESS, hidden=[str(course.parent)])
    assert result.points == 0
    assert time.monotonic() - began < 15
    assert course.read_text() == TREASURE
    until = time.monotonic() + 1  # a killed process needs a moment to go
    while left_over(sandboxes) and time.monotonic() < until:
        time.sleep(0.01)
    assert sandboxes and left_over(sandboxes) == []
    tells_nothing(result)


def tells_nothing(result):
    """No secret, nothing live and nothing endless is in what the student gets back."""
    page, text = html_page([result]), markdown_page(result)
    for told in (json.dumps(result.to_dict()), page, text):
        assert TOKEN not in told and TREASURE not in told
        assert [size for size in SECRET_SIZES if size in told] == []
        assert len(told) < 100_000
    assert not re.search("<script|<img|<a |\ud800|\x1b|\u202e", page, re.IGNORECASE)
    assert not re.search("<script|<img|<a ", READER(text), re.IGNORECASE)
    text.encode(errors="strict")


SENTENCES = [
    "`` ![](https://evil.example/p.png) ``",
    "` ![](https://evil.example/p.png)",
    "`a``[b](javascript:alert(1))`",
    "<img src=https://evil.example/p.png>",
    "https://evil.example www.evil.example HTTP://EVIL.EXAMPLE mail@evil.example",
    "[1]: https://evil.example",
    "``` ![](x) ```",
    "\\![](x) \\`[b](c)\\`",
    "|a|[b](c)|",
    "&lt;a href=x&gt; &#60;a href=x&#62;",
]


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("quoted", [False, True])
def test_no_words_of_a_student_become_live(text, quoted):
    """Wherever they get in: a sentence, an example, a step of a schedule, a name."""
    said = asking.quoted(text) if quoted else text
    step = {"mail": "", "thread": text, "does": text, "result": text, "says": text}
    finding = Finding("p", text, 0, 1, f"It is `x`, {said}, not `y`.", text, [step, step])
    graded = result_module.Graded("name", "Title", 1, [finding])
    result = result_module.Result(text, text, "sheet", "", [graded], said)
    assert not re.search("<img|<a ", html_page([result]), re.IGNORECASE)
    assert not re.search("<img|<a ", READER(markdown_page(result)), re.IGNORECASE)


def told_by(tmp_path, source):
    """What a function of this text raises, as its student reads it."""
    result = hand_in(tmp_path, notebook(source), BADNESS)
    return result.exercises[0].findings[0].example


def test_the_filter_stops_student_code(tmp_path):
    calls = seccomp.numbers()
    source = f"""
import ctypes
L = ctypes.CDLL(None, use_errno=True)
def oom_badness(task, totalpages):
    minus = [ctypes.c_long(-1)] * 6
    errors = set()
    for number in {sorted(calls.values())}:
        L.syscall(ctypes.c_long(number), *minus)
        errors.add(ctypes.get_errno())
    raise ValueError(f'errors {{errors}}')
"""
    assert len(calls) > 60
    for name in ("keyctl", "io_uring_setup", "bpf", "perf_event_open", "userfaultfd", "ptrace"):
        assert name in calls
    assert f"errors {{{errno.ENOSYS}}}" in told_by(tmp_path, source)


def test_files_that_all_see_carry_no_news(tmp_path):
    """Submissions that run side by side see the same libraries: a lock there would be a flag."""
    source = """
import fcntl, os, struct
def oom_badness(task, totalpages):
    with open(os.__file__) as library:
        said = []
        for lock in (
            lambda: fcntl.flock(library, fcntl.LOCK_SH | fcntl.LOCK_NB),
            lambda: fcntl.lockf(library, fcntl.LOCK_SH | fcntl.LOCK_NB),
            lambda: fcntl.fcntl(library, fcntl.F_SETLEASE, fcntl.F_RDLCK),
            lambda: fcntl.fcntl(library, 37, struct.pack('hhqqi', 0, 0, 0, 1, 0)),
            lambda: fcntl.fcntl(library, 5, struct.pack('hhqqi', 1, 0, 0, 1, 0)),
        ):
            try:
                lock()
                said.append('locked')
            except OSError as refused:
                said.append(refused.errno)
    raise ValueError(f'said {said}')
"""
    assert f"said {[errno.ENOSYS] * 5}" in told_by(tmp_path, source)


def test_no_namespace_is_made_by_clone(tmp_path):
    source = """
import ctypes
L = ctypes.CDLL(None, use_errno=True)
def oom_badness(task, totalpages):
    errors = set()
    for bit in (7, 17, 25, 26, 27, 28, 29, 30):
        L.syscall(ctypes.c_long(NUMBER), ctypes.c_long(1 << bit | 17), None, None, None, None)
        errors.add(ctypes.get_errno())
    raise ValueError(f'errors {errors}')
"""
    library = seccomp.library()
    number = library.resolve_syscall(library.system_arch(), "clone")
    told = told_by(tmp_path, source.replace("NUMBER", str(number)))
    assert f"errors {{{errno.ENOSYS}}}" in told


def test_nothing_says_who_else_is_here(tmp_path):
    source = """
import os, sys
def oom_badness(task, totalpages):
    seen = [open(f'/proc/{p}/{n}').read() for p in (1, 'self') for n in ('environ', 'cmdline')]
    raise ValueError(f'{len(seen[0])}, {seen[1]}, {seen[3]}, {sys.orig_argv[4:]}')
"""
    told = told_by(tmp_path, source)
    assert "raised ValueError" in told and "0, " in told
    assert "student" not in told.partition("raised")[2] and str(tmp_path) not in told


def test_a_slot_has_no_name_in_a_sentence(tmp_path):
    """The names of slots and lists are made of what a student was asked; they are not said."""
    source = """
def wake_oom_reaper(mm):
    yield "write", f"slot of {mm}", mm
    yield "append", f"slot of {mm}", mm
def oom_reaper():
    yield "wait_event", "x"
"""
    result = hand_in(tmp_path, notebook(source), EXERCISES["hand-off"])
    assert result.points == 0
    assert all("slot of" not in finding.message for finding in result.exercises[0].findings)


def test_what_explains_a_failure_has_never_seen_a_secret(tmp_path, monkeypatch):
    """The practice inputs go to another process than the secret ones."""
    phases = []

    class Noting(child_pipe.Child):
        def take(self):
            phases.append([])
            return super().take()

        def call(self, function, *args):
            phases[-1].append(str(args[-1]))
            return super().call(function, *args)

    monkeypatch.setattr(result_module, "Child", Noting)
    hand_in(tmp_path, notebook("def oom_badness(task, totalpages):\n    return 5\n"), BADNESS)
    secret = [bool(SECRET_SIZES & set(phase)) for phase in phases]
    assert secret == [True, False]


UNSEEN = ["memory files", "shared memory without an owner"]


@pytest.mark.parametrize("name", ["memory", "memory of children", "threads", *UNSEEN])
def test_a_watchdog_does_where_no_cgroup_can_be_made(name, monkeypatch, tmp_path, impatient):
    made = group.Group.__init__
    monkeypatch.setattr(group.Group, "__init__", lambda self, own=None: made(self, {}))
    result = hand_in(tmp_path, notebook(ATTACKS[name]), BADNESS)
    assert result.points == 0


def test_the_watchdog_looks_while_answers_come_quickly(monkeypatch, tmp_path):
    """Each answer is right and takes no time; together they take more memory than there may be."""
    made, most = group.Group.__init__, []
    monkeypatch.setattr(group.Group, "__init__", lambda self, own=None: made(self, {}))
    monkeypatch.setattr(group, "MEMORY", 128 << 20)
    look = group.resident
    monkeypatch.setattr(group, "resident", lambda pid: most.append(look(pid)) or most[-1])
    source = solution("badness").replace("    adj =", "    A.append(bytearray(8 << 20))\n    adj =")
    monkeypatch.setattr(BADNESS, "properties", BADNESS.properties[:1] * 9)
    result = hand_in(tmp_path, notebook("A = []\n" + source), BADNESS)
    assert result.points < result.of
    assert any("128 MB" in finding.message for finding in result.exercises[0].findings)
    assert max(most) < 512 << 20


LONG = {
    "a million empty lines": "\n" * 900_000,
    "a million blanks": " " * 900_000 + "x",
    "a hundred thousand magics": "%x\n" * 100_000,
    "a hundred thousand names": "".join(f"oom_badnes{n}=1\n" for n in range(50_000)),
    "a long async": "async " * 150_000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_text_keeps_the_decider_no_longer_than_a_short_one(name, tmp_path, impatient):
    """What reads the text outside the sandbox takes time in proportion to it."""
    began = time.process_time()
    assert hand_in(tmp_path, notebook(LONG[name]), BADNESS).points == 0
    assert time.process_time() - began < 5


@pytest.mark.parametrize("harm", ["import os\nos._exit(1)\n", "while True: pass\n", "1/0\n"])
def test_one_exercise_costs_that_exercise_only(harm, tmp_path, monkeypatch):
    monkeypatch.setattr(child_pipe, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(asking, "EXERCISE_SECONDS", 3.0)
    broken = solution("find-cycle").replace("    done = set()\n", f"    {harm}")
    cells = notebook(solution("badness"), broken, solution("reap-vmas"))
    exercises = [EXERCISES[name] for name in ("badness", "find-cycle", "reap-vmas")]
    result = hand_in(tmp_path, cells, *exercises)
    assert [(g.points == g.of, g.points > 0) for g in result.exercises] == [
        (True, True),
        (False, False),
        (True, True),
    ]


def test_hidden_inputs_do_not_come_back_in_messages(tmp_path, monkeypatch):
    """A function that tells what it was asked tells it of the practice inputs only."""
    tells = "def oom_badness(task, totalpages):\n    raise ValueError(f'asked {totalpages}')\n"
    asked: list[str] = []

    class Spy(child_pipe.Child):
        def call(self, function, *args):
            asked.append(str(args[-1]))
            return super().call(function, *args)

    monkeypatch.setattr(result_module, "Child", Spy)
    told = json.dumps(hand_in(tmp_path, notebook(tells), BADNESS).to_dict())
    practice = EXERCISES["badness"].practise(
        asking.AskHere({"oom_badness": lambda task, pages: 1 / 0})
    )
    public = json.dumps([finding.to_dict() for finding in practice])
    secret = [pages for pages in asked if pages not in public and len(pages) == 7]
    assert secret
    assert not [pages for pages in secret if pages in told]


def test_a_hard_coded_answer_to_the_practice_inputs_gets_nothing(tmp_path):
    """The practice inputs are known to everybody; points come from other ones."""
    asked = {}

    def oom_badness(task, totalpages):
        asked[json.dumps([task, totalpages])] = true(task, totalpages)
        return true(task, totalpages)

    assert all(f.points for f in BADNESS.practise(asking.AskHere({"oom_badness": oom_badness})))
    table = f"import json\nANSWERS = {asked!r}\n"
    table += "def oom_badness(*a): return ANSWERS.get(json.dumps(a), 0)\n"
    result = hand_in(tmp_path, notebook(table), BADNESS)
    assert result.points == 0
    assert "practice" in result.exercises[0].findings[0].message
    assert result.exercises[0].findings[0].example == ""


class Noting(asking.AskHere):
    """Keeps what was answered."""

    def __init__(self, functions):
        super().__init__(functions)
        self.answers = []

    def call(self, function, args):
        value = super().call(function, args)
        self.answers += [value] if value not in self.answers else []
        return value


CONSTANTS = [0, 1, 2, 17, -1, 10**9, 0.5, True, False, None, "", "x", [], [0], (1, 2, 3), {}]
CONSTANTS += [list(range(50)), {"sympy": "1"}, "hog", ["hog"]]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_gets_nothing(name):
    """Neither one made up, nor one that was a right answer once."""
    exercise, namespace = EXERCISES[name], {}
    exec(solution(name), namespace)
    noting = Noting({function: namespace[function] for function in exercise.functions})
    exercise.grade(noting, "another seed")
    once_right = noting.answers if name not in ("derivation", "tournament") else []
    for constant in [*CONSTANTS, *once_right[:12]]:
        functions = {function: lambda *a, c=constant: c for function in exercise.functions}
        findings = exercise.grade(asking.AskHere(functions), "any seed")
        assert [f.property for f in findings if f.points] == [], constant


EASY = {
    "the first argument": lambda *a: a[0],
    "the last argument": lambda *a: a[-1],
    "its length": lambda *a: len(a[0]),
    "all its names": lambda *a: [thing["name"] for thing in a[0]],
    "its keys": lambda *a: list(a[0]),
    "is there anything": lambda *a: bool(a[0]),
}


@pytest.mark.parametrize("easy", EASY)
def test_an_echo_gets_nothing(easy):
    for name, exercise in EXERCISES.items():
        functions = {function: EASY[easy] for function in exercise.functions}
        findings = exercise.grade(asking.AskHere(functions), "any seed")
        assert [f.property for f in findings if f.points] == [], name


def by_numbers(tasks, memcg, parent):
    """Who is inside is not asked: in each question so many tasks outside have more points."""
    if any(task["victim"] for task in tasks):
        return -1 if memcg is None or parent[memcg] else max(tasks, key=points_of)["pid"]
    ranked = sorted(tasks, key=points_of, reverse=True)
    rank = {7: 3, 5: 1}.get(len(ranked), 0)
    return ranked[rank]["pid"] if ranked and ranked[rank]["points"] else None


def points_of(task):
    return task["points"]


def reaper(*program):
    """A reaper that does these, whatever comes of them."""

    def oom_reap_task(mm):
        for verb in program:
            yield (verb, mm) if give_up.OPERATIONS[verb] else verb

    return oom_reap_task


SHORTCUTS = [  # rules that miss the point; what they may get are properties that they do have
    ("reap-vmas", "", lambda vmas: [vma["name"] for vma in vmas if len(vma["flags"]) == 2]),
    ("reap-vmas", "", lambda vmas: [vma["name"] for vma in vmas if vma["pages"] % 2]),
    ("memcg-victim", "everywhere ties", by_numbers),
    ("give-up", "", reaper("unlock", "reap", "skip")),
    ("give-up", "", reaper("trylock", "unlock", "reap", "skip")),
    ("give-up", "", reaper("nap", "unlock", "nap", "reap", "skip")),
    ("give-up", "never_waits killer_is_told", reaper("trylock", "reap", "skip")),
]


def test_a_shortcut_gets_what_it_has_and_no_more():
    """Neither numbers, nor ranks, nor how many flags there are tell the answer."""
    for name, properties, function in SHORTCUTS:
        for seed in ("a seed", "another", "a third"):
            findings = EXERCISES[name].grade(
                asking.AskHere({EXERCISES[name].functions[0]: function}), seed
            )
            assert {f.property for f in findings if f.points} == set(properties.split()), name


def test_without_the_lock_a_reaper_is_worth_nothing():
    """All programs of up to three operations: one fault does not hide another."""
    exercise = EXERCISES["give-up"]
    for length in range(4):
        for program in product(give_up.OPERATIONS, repeat=length):
            before = program[: program.index("reap")] if "reap" in program else ()
            findings = exercise.practise(asking.AskHere({"oom_reap_task": reaper(*program)}))
            if not {"trylock", "lock"} & set(before):
                assert not any(f.points for f in findings), program


def knobs_in_common(one: dict, other: dict) -> int:
    return sum(other.get(name) == value for name, value in one.items())


@pytest.mark.parametrize("seed", range(3))
def test_a_table_of_the_presets_gets_nothing(seed):
    """Neither the policy itself, nor the one that has most knobs in common, is the answer."""
    namespace = {}
    exec(solution("predict"), namespace)
    presets = [predict.knobs_of(policy) for policy in PRESETS.values()]

    def nearest(function):
        def answer(argument, policy):
            near = max(presets, key=lambda preset: knobs_in_common(policy, preset))
            assert near != policy
            return namespace[function](argument, near)

        return answer

    exercise = EXERCISES["predict"]
    functions = {function: nearest(function) for function in exercise.functions}
    findings = exercise.grade(asking.AskHere(functions), f"seed {seed}")
    assert [f.property for f in findings if f.points] == []


@pytest.mark.parametrize("ops", [(), ("wake_up",), ("sleep",)])
@pytest.mark.parametrize("name", ["hand-off", "kill-sharers"])
def test_a_generator_that_does_nothing_gets_nothing(name, ops):
    functions = {function: lambda *a: iter_of(ops) for function in EXERCISES[name].functions}
    findings = EXERCISES[name].grade(asking.AskHere(functions), "any seed")
    assert [finding.property for finding in findings if finding.points] == []


def iter_of(ops):
    yield from ops


def test_no_copy_of_this_package_is_in_sight(tmp_path, sandboxed, monkeypatch):
    """It may be installed twice: in the Python that a venv was made from, for one."""
    ways = [
        "oomlab",
        "lib/python3.12/site-packages/oomlab",
        "envs/os/lib/python3.9/x-packages/oomlab",
    ]
    for way in ways:
        (tmp_path / way).mkdir(parents=True)
        (tmp_path / way / "answers.py").write_text("")
    (tmp_path / "numpy").mkdir()
    trees = bubblewrap.trees()
    monkeypatch.setattr(bubblewrap, "trees", lambda: (*trees, str(tmp_path)))
    monkeypatch.setattr(bubblewrap, "copies", bubblewrap.copies.__wrapped__)
    command = ["/usr/bin/find", str(tmp_path), "-name", "*.py", "-o", "-name", "numpy"]
    with bubblewrap.wrapped(bubblewrap.options(), command) as (line, files):
        done = subprocess.run(line, capture_output=True, text=True, pass_fds=files, env={})
    assert done.stdout.split() == [str(tmp_path / "numpy")], done.stderr
