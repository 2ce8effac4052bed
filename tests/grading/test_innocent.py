"""Oddities of honest people cost nothing."""

import json

import pytest
from handing_in import SHEETS, hand_in, notebook, solution

from oomlab.grading.checks import EXERCISES

BADNESS = EXERCISES["badness"]
GOOD = solution("badness")
HANDED = "def oom_badness(task, totalpages):\n    return badness_of(task, totalpages)\n"
CORE = GOOD.replace("oom_badness", "badness_of")


def returns(value, first):
    return first + "\n" + GOOD.replace("return max(points, 1)", f"return {value}")


ODDITIES = {
    "prints": [GOOD.replace("    adj =", "    print('scoring', task)\n    adj =")],
    "prints to stderr": [
        "import sys\n" + GOOD.replace("    adj =", "    sys.stderr.write('x' * 10000)\n    adj =")
    ],
    "warnings": [
        "import warnings\n" + GOOD.replace("    adj =", "    warnings.warn('odd')\n    adj =")
    ],
    "magics": ["%matplotlib inline\n%load_ext autoreload\n" + GOOD, "!pip list\nfiles = !ls"],
    "a timed cell": ["%%time\n" + GOOD],
    "shell and HTML cells": ["%%bash\nrm -rf nothing\n", "%%html\n<b>x</b>", GOOD],
    "help": [GOOD + "\noom_badness?\n"],
    "type hints of missing types": [
        "from oomlab.model.tasks import Task\n"
        + GOOD.replace("(task, totalpages)", "(task: Task, totalpages: 'Pages') -> Points")
    ],
    "a helper in another cell": [CORE, HANDED],
    "a helper below": [HANDED, CORE],
    "constants": [GOOD.replace("1000", "UNITS"), "UNITS = 500\nUNITS *= 2"],
    "a table filled by a loop": [
        "KINDS = {}\nfor i, k in enumerate(['rss', 'swapents']):\n    KINDS[k] = i",
        GOOD.replace('task["rss"] + task["swapents"]', "sum(task[k] for k in KINDS)"),
    ],
    "a list that grows": [
        "PARTS = ['rss']",
        "PARTS.append('swapents')",
        GOOD.replace('task["rss"] + task["swapents"]', "sum(task[k] for k in PARTS)"),
    ],
    "numpy": [
        "import numpy as np\n"
        + GOOD.replace("return max(points, 1)", "return np.maximum(np.int64(points), 1)")
    ],
    "a plot and its data": [
        "import matplotlib.pyplot as plt\ndata = open('measured.csv').read()\nplt.plot(data)",
        GOOD,
    ],
    "import of oomlab": [
        "import oomlab\nfrom oomlab.grading import check",
        GOOD,
        'check("badness", oom_badness)',
    ],
    "extra and empty cells": [
        "",
        "# a thought",
        GOOD,
        "1 / 0",
        "oom_badness({}, 1)",
        "assert False",
    ],
    "a cell that is not Python": ["this is no code", GOOD],
    "an earlier draft above": ["def oom_badness(task, totalpages):\n    return 0\n", GOOD],
    "slow but right": [
        "import time\n" + GOOD.replace("    adj =", "    time.sleep(0.05)\n    adj =")
    ],
    "a slow experiment": ["for n in range(10**12):\n    result = n", GOOD],
    "waits for input": ["name = input('Your name? ')", GOOD],
    "a class": [
        "class Killer:\n    def badness(self, task, totalpages):\n"
        + CORE.split("\n", 1)[1].replace("\n    ", "\n        ").replace("    ", "        ", 1)
        + "\n",
        "killer = Killer()\ndef oom_badness(task, totalpages):\n    return "
        "killer.badness(task, totalpages)",
    ],
    "a lambda": [CORE, "oom_badness = lambda task, totalpages: badness_of(task, totalpages)"],
    "a decorator": [
        "from functools import wraps\ndef noted(f):\n    @wraps(f)\n    def g(*a):\n        "
        "return f(*a)\n    return g\n",
        "@noted\n" + GOOD,
    ],
    "changes its argument": [
        GOOD.replace("    adj =", "    task = dict(task); task.pop('x', None)\n    adj =") + ""
    ],
    "dataclass": [
        "from dataclasses import dataclass\n@dataclass\nclass T:\n    pages: int\n",
        GOOD.replace("return max(points, 1)", "return T(max(points, 1)).pages"),
    ],
    "main guard": [GOOD, "if __name__ == '__main__':\n    print(oom_badness)"],
    "future import": ["from __future__ import annotations\n" + GOOD],
    "unicode": ["größe = 'Ω'  # ✓ 内存\n" + GOOD],
    "windows line ends": [GOOD.replace("\n", "\r\n")],
    "tabs": [GOOD.replace("    ", "\t")],
    "exits at the end": [GOOD, "exit()"],
    "sympy.Integer": [returns("sympy.Integer(max(points, 1))", "import sympy")],
    "sympy within a function": [returns("Max(points, 1)", "from sympy import Max")],
    "a Fraction": [returns("Fraction(max(points, 1), 1)", "from fractions import Fraction")],
    "a numpy array of one": [returns("np.array(max(points, 1))", "import numpy as np")],
    "two imports on a line": [returns("math.floor(max(points, 1))", "import oomlab, math")],
    "one name of two is not here": [
        returns("isqrt(1) * max(points, 1)", "from math import isqrt, no")
    ],
    "a timed line": ["%time UNITS = 500 + 500", GOOD.replace("1000", "UNITS")],
    "a timed value": ["UNITS = %time 500 + 500", GOOD.replace("1000", "UNITS")],
    "display left in": [GOOD.replace("    adj =", "    display(task)\n    adj =")],
    "get_ipython left in": [
        GOOD.replace("    adj =", "    get_ipython().run_line_magic('time', '')\n    adj =")
    ],
    "await in the same cell": ["import asyncio\nawait asyncio.sleep(0)\n" + GOOD],
    "an awaited constant": [
        "import asyncio\nasync def units():\n    return 1000\nUNITS = await units()",
        GOOD.replace("1000", "UNITS"),
    ],
    "a remainder below a magic": [
        "%matplotlib inline\nUNITS = (3000\n    % 2000)\n" + GOOD.replace("1000", "UNITS")
    ],
    "a magic in a text": [
        '%load_ext autoreload\nHELP = """\n%time is a magic\n! so is this\n"""\n' + GOOD
    ],
    "a shell command over two lines": ["!pip install numpy \\\n    sympy\n" + GOOD],
    "pip with an apostrophe": ["%pip install 'oomlab'\n!echo don't\n" + GOOD],
    "a magic inside an if": ["if True:\n    %time UNITS = 1000\n", GOOD.replace("1000", "UNITS")],
    "a helper that fills a table": [
        "KINDS = []\ndef count(kind):\n    KINDS.append(kind)\n",
        "count('rss')\ncount('swapents')",
        GOOD.replace('task["rss"] + task["swapents"]', "sum(task[k] for k in KINDS)"),
    ],
    "a helper that sets a global": [
        "def setup():\n    global UNITS\n    UNITS = 1000\nsetup()",
        GOOD.replace("1000", "UNITS"),
    ],
    "rules that register": [
        "RULES = []\ndef rule(f):\n    RULES.append(f)\n    return f\n",
        "@rule\ndef resident(task):\n    return task['rss']\n\n"
        "@rule\ndef swapped(task):\n    return task['swapents']\n",
        GOOD.replace('task["rss"] + task["swapents"]', "sum(rule(task) for rule in RULES)"),
    ],
    "a cache and slow trials": [
        "SEEN = {}",
        GOOD.replace("    adj =", "    SEEN[task['pid']] = 1\n    adj ="),
        "for n in range(10**9):\n    oom_badness({'pid': n}, n)",
    ],
    "plt.show in a function": [
        "import matplotlib.pyplot as plt\n"
        + GOOD.replace("    adj =", "    plt.plot([1, 2]); plt.show()\n    adj =")
    ],
    "a widget in a cell": [
        "import ipywidgets as w\nslider = w.IntSlider(max=9)\nw.interact(print, x=slider)",
        GOOD,
    ],
    "logging": [
        "import logging\nlog = logging.getLogger('oom')\nlogging.basicConfig(level='DEBUG')\n"
        + GOOD.replace("    adj =", "    log.debug('%s', task)\n    adj =")
    ],
    "a scratch file": [
        GOOD.replace("    adj =", "    open('notes.txt', 'a').write(str(task))\n    adj =")
    ],
    "an IntEnum": [
        "from enum import IntEnum\nclass U(IntEnum):\n    MILLE = 1000\n",
        GOOD.replace("1000", "U.MILLE"),
    ],
    "typed and documented": [
        "from typing import TypedDict\nclass Task(TypedDict):\n    rss: int\n",
        GOOD.replace("(task, totalpages)", "(task: Task, totalpages: int) -> int"),
    ],
    "match": [
        GOOD.replace(
            "    adj =", "    match task:\n        case {'rss': _}:\n            pass\n    adj ="
        )
    ],
    "names like the grader's": [
        "answer = question = send = plain = parse = picked = json = None\n" + GOOD
    ],
    "a cell switched off": ["%%script false --no-raise-error\nraise SystemExit", GOOD],
    "random and time": [
        "import random, time\nrandom.seed(1)\n"
        + GOOD.replace("    adj =", "    random.random(); time.time()\n    adj =")
    ],
    "a recursion": [
        "def total(keys, task):\n    return task[keys[0]] + total(keys[1:], task) if keys else 0\n",
        GOOD.replace('task["rss"] + task["swapents"]', "total(['rss', 'swapents'], task)"),
    ],
}


@pytest.mark.parametrize("name", ODDITIES)
def test_loses_nothing(name, tmp_path, sandboxed):
    result = hand_in(tmp_path, notebook(*ODDITIES[name]), BADNESS)
    assert [(f.message, f.example) for f in result.exercises[0].findings if f.message] == []
    assert result.points == result.of


EFFECTS = {  # a notebook whose UNITS are [1000] when all of it has run
    "a helper that fills what it is given": "def fill(t):\n    t.append(1000)\nfill(UNITS)",
    "a function of a module that changes": "import heapq\nheapq.heappush(UNITS, 1000)",
    "a comprehension for its effect": "[UNITS.append(n) for n in (1000,)]",
    "a mapped method": "list(map(UNITS.append, [1000]))",
    "a value that is taken out": "UNITS += [5, 1000]\n_ = UNITS.pop(0)",
    "another name": "OTHER = UNITS\nOTHER.append(1000)",
    "an item in a loop": "UNITS += [0]\nA = [UNITS]\nfor u in A: u[0] = 1000\nUNITS = A[0]",
    "made by exec": "exec('UNITS = [1000]')",
    "in the dict of names": "globals()['UNITS'] = [1000]",
    "main calls a helper": "def init():\n    global UNITS\n    UNITS = [1000]\n"
    "def main():\n    init()\nmain()",
    "a helper whose value is kept": "def init():\n    UNITS.append(1000)\n    return 1\nx = init()",
    "a constructor": "class S:\n    def __init__(self): UNITS.append(1000)\ns = S()",
    "a method of a new object": "class S:\n    def go(self): UNITS.append(1000)\nS().go()",
    "subclasses that register": "class S:\n    def __init_subclass__(c): UNITS.append(c.u)\n"
    "class T(S):\n    u = 1000",
    "a generic function": "from functools import singledispatch\n@singledispatch\n"
    "def units(x): return 0\n@units.register(int)\ndef _(x): return 1000\nUNITS = [units(1)]",
}


@pytest.mark.parametrize("name", EFFECTS)
def test_a_table_is_filled_in_any_way(name, tmp_path, sandboxed):
    good = GOOD.replace("1000", "UNITS[0]")
    result = hand_in(tmp_path, notebook("UNITS = []", EFFECTS[name], good), BADNESS)
    assert result.points == result.of


BOOKS = {
    "sources as lists": lambda book: [
        cell.update(source=cell["source"].splitlines(True)) for cell in book["cells"]
    ],
    "no metadata": lambda book: [cell.pop("metadata") for cell in book["cells"]],
    "tags and points gone": lambda book: book.pop("metadata"),
    "ids twice": lambda book: [cell.update(id="same") for cell in book["cells"]],
    "unknown cell types": lambda book: book["cells"].append({"cell_type": "raw", "source": 7}),
    "outputs of any kind": lambda book: book["cells"][0].update(outputs=[{"data": "x" * 10000}]),
}


@pytest.mark.parametrize("name", BOOKS)
def test_notebooks_of_any_kind_are_read(name, tmp_path, sandboxed):
    book = json.loads(notebook(GOOD))
    BOOKS[name](book)
    result = hand_in(tmp_path, json.dumps(book).encode(), BADNESS)
    assert result.points == result.of


def test_a_byte_order_mark_is_read_over(tmp_path, sandboxed):
    assert hand_in(tmp_path, b"\xef\xbb\xbf" + notebook(GOOD), BADNESS).points == BADNESS.points


HAND_OFF = EXERCISES["hand-off"]
OPERATIONS = {
    "a list for an operation": ('yield "mmgrab", mm', 'yield ["mmgrab", mm]'),
    "a helper with yield from": (
        'yield "mmgrab", mm',
        "yield from grab(mm)",
        'def grab(mm):\n    yield ("mmgrab", mm)\n',
    ),
    "an Enum of operations": (
        'yield "mmgrab", mm',
        "yield Op.GRAB, mm",
        'from enum import Enum\nclass Op(Enum):\n    GRAB = "mmgrab"\n',
    ),
    "a namedtuple": (
        'yield "mmgrab", mm',
        'yield Op("mmgrab", mm)',
        'from collections import namedtuple\nOp = namedtuple("Op", "verb what")\n',
    ),
    "a flag that is a bool": (
        'yield "wake_up"',
        'yield "write", "work", True\n    yield "wake_up"',
    ),
    "a numpy flag": (
        'yield "wake_up"',
        'yield "write", "work", np.int64(1)\n    yield "wake_up"',
        "import numpy as np\n",
    ),
    "a print between two": ('yield "wake_up"', 'print("waking", flush=True)\n    yield "wake_up"'),
    "a method": (
        'yield "mmgrab", mm',
        "yield from Killer().grab(mm)",
        'class Killer:\n    def grab(self, mm):\n        yield "mmgrab", mm\n',
    ),
    "constants for names": (
        '"oom_reaper_list"',
        "QUEUE",
        'QUEUE = "oom_reaper_list"\n',
    ),
    "a docstring and hints": (
        'yield "mmgrab", mm',
        '"""Hand it over."""\n    yield "mmgrab", mm',
        "from collections.abc import Generator\n",
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_hand_off_in_another_style(name, tmp_path, sandboxed):
    old, new, *first = OPERATIONS[name]
    source = "".join(first) + solution("hand-off").replace(old, new)
    assert new in source
    result = hand_in(tmp_path, notebook(source), HAND_OFF)
    assert [f.message for f in result.exercises[0].findings if f.message] == []


RESERVE = """
from sympy import Integer, Symbol, summation
def smallest_reserve(needs):
    return sum((Integer(need) - 1 for need in needs), Integer(1))
"""
FORMULAS = {
    "solve": "    return sp.solve(sp.Eq(sp.sqrt(M), r), M)",
    "solve with dicts": "    return sp.solve(sp.Eq(sp.sqrt(M), r), M, dict=True)",
    "solveset": "    return sp.FiniteSet(r**2)",
    "an equation": "    return sp.Eq(M, r**2)",
    "not simplified": "    return sp.Rational(1, 2) * 2 * r * r",
    "a number times": "    return 1.0 * r**2.0",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_in_another_form(name, tmp_path, sandboxed):
    first = "import sympy as sp\nr, M = sp.symbols('r M', positive=True)\n"
    source = f"{solution('derivation')}\n{first}def zone_for():\n{FORMULAS[name]}\n"
    result = hand_in(tmp_path, notebook(source), EXERCISES["derivation"])
    assert [(f.message, f.example) for f in result.exercises[0].findings if f.message] == []


def test_sympy_counts_pages_too(tmp_path, sandboxed):
    source = solution("reserve-proof") + RESERVE
    result = hand_in(tmp_path, notebook(source), EXERCISES["reserve-proof"])
    assert [f.message for f in result.exercises[0].findings if f.message] == []


ITERABLES = ["deque(found)", "tuple(found)", "iter(found)", "dict.fromkeys(found).keys()"]
ITERABLES += ["(name for name in found)", "map(str, found)", "np.array(found)"]


@pytest.mark.parametrize("value", ITERABLES)
def test_any_sequence_is_a_list(value, tmp_path, sandboxed):
    source = solution("find-cycle").replace("def find_cycle", "def cycle_in")
    source += "\nfrom collections import deque\nimport numpy as np\n"
    source += f"def find_cycle(graph):\n    found = cycle_in(graph)\n    return {value}\n"
    result = hand_in(tmp_path, notebook(source), EXERCISES["find-cycle"])
    assert [(f.message, f.example) for f in result.exercises[0].findings if f.message] == []


def whole_sheet(sheet):
    """What stands in the code cells of a sheet, each as a text."""
    return [
        "".join(cell["source"]) for cell in sheet.notebook["cells"] if cell["cell_type"] == "code"
    ]


def test_a_whole_sheet_is_worth_all_its_points(tmp_path, sandboxed):
    """Of the exercises of a sheet none costs another one points, in any order of the cells."""
    for sheet in SHEETS.values():
        cells = whole_sheet(sheet)
        unchecked = [cell for cell in cells if "check(" not in cell]
        for order in (cells, ["\n".join(cells)], unchecked[::-1]):
            result = hand_in(tmp_path, notebook(*order), *sheet.exercises)
            lost = [graded.name for graded in result.exercises if graded.points != graded.of]
            assert not lost, (sheet.name, lost, order[0][:60])


TWO = [EXERCISES["badness"], EXERCISES["find-cycle"]]
CYCLE = solution("find-cycle")
FIRST = "LEAST = 1\ndef at_least(n):\n    return max(n, LEAST)\n" + GOOD.replace(
    "max(points, 1)", "at_least(points)"
)
SECOND = "LEAST = []\ndef at_least(list):\n    return list or LEAST\n" + CYCLE.replace(
    "return []", "return at_least([])"
)
CHECKS = ['check("badness", oom_badness)', 'oomlab.grading.check("find-cycle", find_cycle)']
BELOW = {
    "two helpers of one name": [FIRST, CHECKS[0], SECOND, CHECKS[1]],
    "the other way round": [SECOND, CHECKS[1], FIRST, CHECKS[0]],
    "all in one cell": ["\n".join([FIRST, CHECKS[0], SECOND, "found = " + CHECKS[1]])],
    "the name of a helper is used up": [
        *(FIRST, "shown = " + CHECKS[0], CYCLE, CHECKS[1]),
        "at_least = at_least(3)\nfor LEAST in range(5):\n    print(LEAST)",
    ],
    "the name of the function is used up": [
        *(GOOD, CYCLE, *CHECKS),
        "find_cycle = find_cycle({'a': ['a']})\noom_badness = 7\ndel oom_badness",
    ],
    "the names of builtins are used up": [
        *(GOOD, CYCLE, *CHECKS),
        "sum = 0\nfor max in range(3):\n    sum += max\nset = {1, 2}\niter, list = 1, []",
    ],
    "a helper is mended below": [
        FIRST.replace("max(n, LEAST)", "n"),
        *(CHECKS[0], CYCLE, CHECKS[1]),
        "def at_least(n):\n    return max(n, LEAST)",
    ],
    "a helper is found below": [
        *(GOOD.replace("max(points, 1)", "at_least(points)"), CHECKS[0], CYCLE, CHECKS[1]),
        "def at_least(n):\n    return max(n, LEAST)\nLEAST = 1",
    ],
    "all is written anew below": [
        "LEAST = 3\ndef oom_badness(task, totalpages):\n    return LEAST\n" + CYCLE,
        *(*CHECKS, "LEAST = 1", GOOD.replace("max(points, 1)", "max(points, LEAST)")),
    ],
}


def test_what_stands_below_a_check_costs_nothing(tmp_path, sandboxed):
    """A function is graded with the helpers that it had when it was checked."""
    for name, cells in BELOW.items():
        result = hand_in(tmp_path, notebook("import oomlab.grading", *cells), *TWO)
        wrong = [f.message for g in result.exercises for f in g.findings if f.message]
        assert not wrong, (name, wrong)
