"""A reader's locked answers, saved in the notebook with a cell's output, and found there again.

A locked answer is part of the output, as a value and as text. When the notebook was saved and its
kernel is a new one, the answers are read from the notebook's own file: Jupyter's server tells each
kernel its path. Clearing the outputs and saving forgets them.
"""

import json
import os
from pathlib import Path

MIME = "application/vnd.oomlab.given+json"
LOCKED: dict[str, dict] = {}  # of this kernel, saved or not


def keep(name: str, given: list[int | None], opened: bool) -> dict:
    """What the output carries: the place that asked, the answers, whether the rest was opened."""
    LOCKED[name] = {"name": name, "given": list(given), "opened": opened}
    return LOCKED[name]


def kept(name: str, choices: list[int]) -> tuple[list[int | None], bool]:
    """The answers of earlier to questions with so many choices each; None where there is none."""
    said = LOCKED.get(name) or saved().get(name, {})
    given, opened = said.get("given"), said.get("opened") is True
    if not isinstance(given, list) or len(given) != len(choices):
        return [None] * len(choices), opened
    pairs = zip(given, choices, strict=True)
    return [n if type(n) is int and 0 <= n < most else None for n, most in pairs], opened


def saved() -> dict[str, dict]:
    """By name, what the file of this kernel's notebook carries. A file one cannot read has none."""
    try:
        cells = json.loads(Path(os.environ["JPY_SESSION_NAME"]).read_text("utf-8"))["cells"]
        outputs = [out for cell in cells for out in cell.get("outputs", ())]
        found = [data[MIME] for out in outputs if MIME in (data := out.get("data", {}))]
        return {said["name"]: said for said in found}
    except (KeyError, OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
