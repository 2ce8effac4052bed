"""Which folders are the teacher's, so that student code must not see them.

They follow from what the teacher typed, never from what was handed in: the folder that all
submissions have in common is the teacher's and may be reached through links; what lies below it is
not resolved. A student who hands in a link decides nothing here.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def teachers_folders(given: Iterable[str | Path], *others: str | Path) -> list[str]:
    """The folder in which all that was given lies, and other files or folders of the teacher's."""
    holding = [folder_of(Path(path)) for path in given]
    common = [os.path.commonpath(holding)] if holding else []
    return sorted({os.path.realpath(folder) for folder in (*common, *map(folder_of, others))})


def folder_of(path: str | Path) -> str:
    """The folder itself, or that of a file or link, without following a link."""
    whole = os.path.abspath(path)
    folder = os.path.isdir(whole) and not os.path.islink(whole)
    return whole if folder else os.path.dirname(whole)
