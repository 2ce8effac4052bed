"""The site as one file: oomlab.html opens from a disk or a mail, and asks no host for anything.

    write(Path("_site"))    # what build.py has made, into _site/oomlab.html

The frame is the lab's page. Every other page is packed in it, and shown in its place by
single-file/start.js; a link of the site becomes a fragment of this file's address. Scripts are
modules under names of an import map, since a page of a disk can import no other file. Python runs
in a worker that is given its files as text (single-file/worker.js).
"""

import base64
import gzip
import json
import re
from mimetypes import guess_type
from pathlib import Path

from policy import sealed

HERE = Path(__file__).parent
SCRIPTS = HERE / "single-file"
FRAME = "lab.html"
PLACE = "https://oomlab.invalid/_static/"  # where a script may believe that it is; no host has it

POLICY = (
    "default-src 'none'; script-src 'wasm-unsafe-eval' data: blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; base-uri 'none'"
)
NO_SEARCH = ".sidebar-search-container { display: none; }"  # its index is not in the file

FORBIDDEN = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")[^"]*(">)')
LINKED = re.compile(r'\s*<script[^>]* src="[^"]*"[^>]*></script>|\s*<link [^>]*href="[^>]*>')
RELATIVE = re.compile(r'(\bfrom\s*|\bimport\s*\(\s*)(["`])\./')
PICTURE = re.compile(r'(<img [^>]*?src=")([^":]+)(")')
MAIN = re.compile(r'<div class="main">.*</aside>\s*</div>', re.DOTALL)
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def write(site: Path) -> Path:
    """Put the pages of a built site and all that they need into one file, beside them."""
    static, out = site / "_static", site / "oomlab.html"
    frame = (site / FRAME).read_text("utf-8")
    styles = [
        (static / name).read_text("utf-8").partition("/*# sourceMappingURL")[0]
        for name in re.findall(r'rel="stylesheet"[^>]* href="_static/([^"?]+)', frame)
    ]
    about = {"main": FRAME, "worker": (SCRIPTS / "worker.js").read_text("utf-8")}
    head = (
        f"<style>{''.join(styles)}{NO_SEARCH}</style>"
        + script("importmap", text_of({"imports": modules(static)}))
        + "</head>"
    )
    foot = (
        script("application/json", text_of(about), "about")
        + script("application/octet-stream", in_letters(text_of(pages(site, out)), True), "pages")
        + f"<script>{(static / 'scripts' / 'furo.js').read_text('utf-8')}</script>"
        + f'<script type="module">{module(SCRIPTS / "start.js")}</script>'
        + script("application/json", text_of(fetched(site)), "files")
    )
    frame = with_pictures(LINKED.sub("", frame), site / FRAME)
    frame = FORBIDDEN.sub(lambda found: f"{found[1]}{POLICY}{found[2]}", frame)
    before, after = frame.replace("</head>", head, 1).rsplit("</body>", 1)
    out.write_text(sealed(f"{before}{foot}</body>{after}"), "utf-8")
    return out


def pages(site: Path, out: Path) -> dict[str, dict[str, str]]:
    """{name: its title, and what stands beside the navigation} of every page but the search's."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        text = path.read_text("utf-8")
        main, title = MAIN.search(text), TITLE.search(text)
        if main and title and path != out and path.name not in ("search.html", "genindex.html"):
            content = {"title": title[1], "main": with_pictures(main[0], path)}
            found[path.relative_to(site).as_posix()] = content
    return found


def modules(static: Path) -> dict[str, str]:
    """The site's own scripts as an import map: {name: an address that holds the script}."""
    named = {f"oomlab/{path.name}": path for path in (HERE / "static").glob("*.js")}
    named |= {f"oomlab/widgets/{path.name}": path for path in (static / "widgets").glob("*.js")}
    return {name: as_data(module(path).encode(), path) for name, path in named.items()}


def downloads(site: Path) -> dict[str, Path]:
    """{name: file} of what a link of a page saves."""
    folders = (site / "_static" / "notebooks", site / "_downloads")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(site).as_posix(): path for path in files}


def fetched(site: Path) -> dict[str, list]:
    """{name: [is it packed in here, its letters]} of what scripts fetch, and what links save."""
    static = site / "_static"
    wanted = [static / "worker.js", *static.glob("oomlab.zip*"), *downloads(site).values()]
    for folder in ("pyodide", "exercises"):
        wanted += (static / folder).iterdir()
    return {
        path.relative_to(site).as_posix().removeprefix("_static/"): [
            path.suffix != ".gz",
            in_letters(path.read_bytes(), path.suffix != ".gz"),
        ]
        for path in sorted(wanted)
    }


def module(path: Path) -> str:
    """A script whose imports are names of the import map; what it fetches is below PLACE."""
    named = RELATIVE.sub(r"\1\2oomlab/", path.read_text("utf-8"))
    return named.replace("import.meta.url", json.dumps(PLACE + path.name))


def with_pictures(text: str, page: Path) -> str:
    """HTML with its pictures in it."""

    def carried(found: re.Match) -> str:
        picture = page.parent / found[2]
        return f"{found[1]}{as_data(picture.read_bytes(), picture)}{found[3]}"

    return PICTURE.sub(carried, text)


def script(kind: str, content: str, identity: str = "") -> str:
    """Data in a page; no text in them ends the element that holds them."""
    name = f' id="{identity}"' if identity else ""
    content = content.replace("</", "<\\/")
    return f'<script type="{kind}"{name}>{content}</script>\n'


def text_of(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def in_letters(data: str | bytes, pack: bool) -> str:
    """Bytes as base64."""
    data = data.encode() if isinstance(data, str) else data
    return base64.b64encode(gzip.compress(data, 9, mtime=0) if pack else data).decode()


def as_data(content: bytes, path: Path) -> str:
    """A file as an address that holds it."""
    return f"data:{guess_type(path.name)[0]};base64,{in_letters(content, False)}"
