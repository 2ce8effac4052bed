"""A text file is read or written, or one sentence says why not."""

import os
from pathlib import Path

from .naming import short

MOST_NAME = 255  # of a file, as Linux has it


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8. ValueError, in one sentence, if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as wrong:  # ValueError: no UTF-8, or a null byte in the name
        raise ValueError(f"{named(path)} cannot be read: {reason(wrong)}") from None


def write_text(path: str | Path, text: str) -> Path:
    """Write a file in UTF-8; its path. ValueError, in one sentence, if it cannot be written.

    What UTF-8 does not have (a file name that was no text) is written as an escape.
    """
    path = Path(path)
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except (OSError, ValueError) as wrong:
        raise ValueError(f"{named(path)} cannot be written: {reason(wrong)}") from None
    return path


def must_be_writable(path: str | Path) -> None:
    """ValueError for a path where no file can be written: asked before work whose result it is."""
    path = Path(path)
    if path.is_dir():
        why = "it is a folder"
    elif not path.parent.is_dir():
        why = "there is no such folder"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        why = "that is not permitted"
    else:
        return
    raise ValueError(f"{named(path)} cannot be written: {why}")


def named(path: str | Path) -> str:
    """A path in a sentence: whole, but for what is a text, given where a path is wanted."""
    text = str(path)
    return text if len(text) <= MOST_NAME and text.isprintable() else f"the file {short(path)}"


def reason(wrong: Exception) -> str:
    """Why a file cannot be used, without its name, which the sentence has already."""
    if isinstance(wrong, UnicodeDecodeError):
        return f"it is no text in UTF-8 (byte {wrong.start} is {wrong.object[wrong.start]:#04x})"
    return getattr(wrong, "strerror", None) or str(wrong)
