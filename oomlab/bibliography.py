"""Where it was said, and where it was changed: the mails and commits that the course cites.

    from oomlab.bibliography import cite
    cite("M16", "aac453635549")      # in a notebook: a list with links
    str(cite("M16"))                 # as text

The data is bibliography.toml beside this file. ValueError names a label that is not in it.
"""

import re
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


LABEL = re.compile(r"\bM\d\d\b|\b[0-9a-f]{12}\b")


def sources_in(text: str) -> dict[str, list[str]]:
    """{label: [what it is, where to read it]} of the mails and commits that a text names."""
    return {
        label: [what_it_is(source(label)), page_of(label)]
        for label in sorted({*LABEL.findall(text)})
    }


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
    return f"[{label}]({page_of(label)})" if "change" in source(label) else label


def page_of(label: str) -> str:
    """Where a commit, or the first of a label's mails, can be read."""
    entry = source(label)
    commit = f"https://git.kernel.org/torvalds/c/{label}"
    return commit if "change" in entry else f"https://lore.kernel.org/r/{entry['id'][0]}"


def described(entry: dict, link: bool = False) -> str:
    """One entry as a line, a mail with its identifiers."""
    if "change" in entry:
        return what_it_is(entry)
    places = entry["id"]
    if link:
        places = [f"[{place}](https://lore.kernel.org/r/{place})" for place in places]
    said = what_it_is(entry)
    return f"{said}{'' if said.endswith('?') else '.'} {', '.join(places)}"


def what_it_is(entry: dict) -> str:
    """Who wrote a mail, when and on what; or what a commit changed, and from which release on."""
    if "change" in entry:
        return entry["change"] + (f" (Linux {entry['release']})" if "release" in entry else "")
    known = ", known as later mails quote it" if entry.get("quoted") else ""
    return f"{entry['author']}, {entry['date']}: {entry['subject']}{known}"
