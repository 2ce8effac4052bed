"""Oddities of honest people cost nothing."""

import json

import pytest
from classroom import hand_in, notebook, solution

from oomlab.grading.checks import EXERCISES

BADNESS = EXERCISES["badness"]
GOOD = solution("badness")
HANDED = "def oom_badness(task, totalpages):\n    return badness_of(task, totalpages)\n"
CORE = GOOD.replace("oom_badness", "badness_of")

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
}


@pytest.mark.parametrize("name", ODDITIES)
def test_loses_nothing(name, tmp_path, sandboxed):
    result = hand_in(tmp_path, notebook(*ODDITIES[name]), BADNESS)
    assert [(f.message, f.example) for f in result.exercises[0].findings if f.message] == []
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
