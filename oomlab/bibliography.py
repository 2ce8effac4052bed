"""Where it was said, and where it was changed: the mails and commits that the course cites.

    from oomlab.bibliography import cite
    cite("M16", "aac453635549")      # in a notebook: a list with links
    str(cite("M16"))                 # as text

The data is bibliography.toml beside this file. ValueError names a label that is not in it.
"""

import tomllib
from pathlib import Path

from .arguments import checked
from .naming import nearest, short

DATA = tomllib.loads((Path(__file__).parent / "bibliography.toml").read_text("utf-8"))
KERNELS = DATA.pop("kernels")


def source(label: str) -> dict:
    """The entry of a mail (M16) or a commit (any 8 or more digits of its id)."""
    for key, entry in DATA.items():
        if key == label or len(label) >= 8 and (key.startswith(label) or label.startswith(key)):
            return entry
    raise ValueError(f"no source {short(label)} in the bibliography: {nearest(label, DATA)}")


class Sources(tuple):
    """Labels that show themselves as a list of who, when, what and where."""

    def _repr_markdown_(self) -> str:
        return "\n".join(
            f"- **{linked(label)}** {described(source(label), True)}" for label in self
        )

    def __str__(self) -> str:
        return "\n".join(f"{label}: {described(source(label))}" for label in self)

    __repr__ = __str__


@checked
def cite(*labels: str) -> Sources:
    """The sources behind these labels, to be shown. ValueError for a label that is not known."""
    for label in labels:
        source(label)
    return Sources(labels)


def linked(label: str) -> str:
    """A commit's label leads to the commit; a mail's own identifiers are the links."""
    commit = "change" in source(label)
    return f"[{label}](https://git.kernel.org/torvalds/c/{label})" if commit else label


def described(entry: dict, link: bool = False) -> str:
    """One entry as a line."""
    if "change" in entry:
        return entry["change"] + (f" (Linux {entry['release']})" if "release" in entry else "")
    places = entry["id"]
    if link:
        places = [f"[{place}](https://lore.kernel.org/r/{place})" for place in places]
    known = ", known as later mails quote it" if entry.get("quoted") else ""
    said = f"{entry['author']}, {entry['date']}: {entry['subject']}{known}"
    return f"{said}{'' if said.endswith('?') else '.'} {', '.join(places)}"
