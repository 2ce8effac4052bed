"""Which folders are the teacher's, so that student code must not see them.

They follow from what the teacher typed, never from what was handed in. The folder that holds all
submissions is the teacher's, and the way to it may contain links. Links below it are not followed,
so a student who hands in a link cannot change the result.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def teachers_folders(given: Iterable[str | Path], *others: str | Path) -> list[str]:
    """The folder in which all that was given lies, and other files or folders of the teacher's."""
    folders = [common_folder(given), *map(folder_of, others)]
    return sorted({os.path.realpath(folder) for folder in folders})


def common_folder(given: Iterable[str | Path]) -> str:
    """The deepest folder that holds all that was given, as it was typed."""
    return os.path.commonpath([folder_of(path) for path in given] or [os.getcwd()])


def link_below(path: str | Path, common: str) -> str:
    """The first symbolic link on the way from the common folder to this file, or ""."""
    whole = Path(os.path.abspath(path))
    below = [step for step in (*reversed(whole.parents), whole) if step.is_relative_to(common)]
    return next((str(step) for step in below[1:] if step.is_symlink()), "")


def folder_of(path: str | Path) -> str:
    """The folder itself, or that of a file or link, without following a link."""
    whole = os.path.abspath(path)
    folder = os.path.isdir(whole) and not os.path.islink(whole)
    return whole if folder else os.path.dirname(whole)
