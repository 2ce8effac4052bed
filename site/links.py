"""Links that lead nowhere, in a built site and in the one file that is made of it.

    dead(Path("_site"))        # ["course/02.html: glossary.html#no-such-term", ...]

A link is dead if its file is not there, or has no place of that name. The one file holds pages and
what is downloaded: a link to anything else is dead in it. Other hosts are not asked.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import single

TAGS = {"a": "href", "link": "href", "script": "src", "img": "src", "form": "action"}
STEP = re.compile(r"step-\d+")  # moves the cursor of the figure below it (lab/steplinks.js)
# What the one file leaves out on purpose: the search, whose index is larger than all pages.
NOT_CARRIED = ("search.html", "genindex.html")
HERE = "https://here.invalid/"  # where a page may believe that it is


class Page(HTMLParser):
    """The links of a page, the names of its places, and whether a widget is on it."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.has_widget = "oomlab-widget" in text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if TAGS.get(tag, "") in given:
            self.links.append(given[TAGS[tag]])

    def has_place(self, name: str) -> bool:
        """Is there such a place? In the lab's page what has a = is a state of the lab."""
        return name in self.places or self.has_widget and bool(STEP.fullmatch(name) or "=" in name)


def dead(site: Path) -> list[str]:
    """Each dead link of the site's pages, and of oomlab.html, as "page: link"."""
    whole = {
        path.relative_to(site).as_posix(): Page(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
        if path.name != "oomlab.html"
    }
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    in_one = {
        name: Page(page["main"]) for name, page in single.pages(site, site / "oomlab.html").items()
    }
    carried = {*single.downloads(site), *NOT_CARRIED}
    return [
        *unanswered(whole, files),
        *(f"oomlab.html, {told}" for told in unanswered(in_one, carried)),
    ]


def unanswered(pages: dict[str, Page], files: set[str]) -> list[str]:
    """The links of pages that neither a page's place nor a file answers."""
    found = []
    for name, page in pages.items():
        for link in page.links:
            address, place = urldefrag(urljoin(HERE + name, link))
            if not address.startswith(HERE):
                continue
            path = unquote(urlsplit(address).path.removeprefix("/")) or "index.html"
            there = pages.get(path)
            if not (there.has_place(unquote(place)) or not place if there else path in files):
                found.append(f"{name}: {link}")
    return found
