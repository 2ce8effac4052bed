"""Exercises in the page: a cell is run as in a notebook, and tried on the practice inputs.

Every sheet has names of its own that its cells share. What they print is what comes back; a mistake
in the student's code is told in one line with its place, as Python's own message.
"""

import ast
import io
from contextlib import redirect_stderr, redirect_stdout

from oomlab.grading import check
from oomlab.grading.checks import EXERCISES

names: dict[str, dict] = {}  # {sheet: the names that its cells have made}


def practise(sheet: str, code: str, exercise: str = "") -> str:
    """Run a cell, then the checks of its exercise if one is named; what there is to read."""
    own = names.setdefault(sheet, {"__name__": "__main__"})
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            run_cell(code, own)
            if exercise:
                wanted = EXERCISES[exercise].functions
                missing = [name for name in wanted if not callable(own.get(name))]
                if missing:
                    raise ValueError(f"the cell must define {' and '.join(missing)}")
                print(repr(check(exercise, *(own[name] for name in wanted))))
    except BaseException as wrong:  # whatever the student's code raises is shown, and is no failure
        said.write(f"{type(wrong).__name__}{line_of(wrong)}: {wrong}\n")
    return said.getvalue()


def run_cell(code: str, own: dict) -> None:
    """As a notebook does: the value of a last expression is shown."""
    tree = ast.parse(code, "<cell>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), own)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), own)
        if value is not None:
            print(repr(value))


def line_of(wrong: BaseException) -> str:
    """The last line of the cell that was being run, in words."""
    if isinstance(wrong, SyntaxError):
        return f" in line {wrong.lineno}" if wrong.lineno else ""
    line, at = 0, wrong.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "<cell>":
            line = at.tb_lineno
        at = at.tb_next
    return f" in line {line}" if line else ""
