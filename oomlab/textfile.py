"""A text file is read or written, or one sentence says why not."""

from pathlib import Path


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8. ValueError, in one sentence, if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{path} cannot be read: {wrong}") from None


def write_text(path: str | Path, text: str) -> Path:
    """Write a file in UTF-8; its path. ValueError, in one sentence, if it cannot be written."""
    path = Path(path)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise ValueError(f"{path} cannot be written: {wrong.strerror}") from None
    return path
