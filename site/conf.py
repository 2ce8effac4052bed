"""How Sphinx makes the pages: from the sources that build.py has put together, without a network.

A formula becomes MathML, which browsers draw without any script; a mail's
label opens the mail. What the pages look like is furo's, and fonts are the reader's own.
"""

import re
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.transforms.post_transforms import SphinxPostTransform

sys.path.insert(0, str(Path(__file__).parent))

from oomlab.bibliography import DATA, described, source  # noqa: E402
from oomlab.version import VERSION  # noqa: E402

project, release, author = "oomlab", VERSION, "the authors of oomlab"
project_copyright = "the authors of oomlab; code: MIT licence, prose: CC BY 4.0"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["course/recordings/README.md"]

html_theme = "furo"
html_title = "oomlab"
html_static_path = ["static"]
html_css_files = ["widgets/widgets.css", "oomlab.css"]
html_favicon = "static/favicon.svg"
html_js_files = [("start.js", {"type": "module"})]
templates_path = ["templates"]
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_math_renderer = "mathml"
smartquotes_action = "q"  # quotes alone: two hyphens are an option's
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"

myst_enable_extensions = ["dollarmath", "attrs_block"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "myst.xref_missing", "misc.highlighting_failure"]

nb_execution_mode = "off"  # lessons.py has run them
nb_render_markdown_format = "myst"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict] = {}  # two files of another host, for widgets that are not ours
nb_mime_priority_overrides = [("html", "text/html", 0)]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True


def mathml(display: str):
    """A visitor that writes a formula as MathML."""

    def visit(translator, node: nodes.Node) -> None:
        tex = node.astext().strip().strip("$").strip()
        translator.body.append(convert(tex, display=display))
        raise nodes.SkipNode

    return visit


def linked(text: str) -> list[nodes.Node]:
    """The text, with each label of the bibliography as a link to the mail or the commit."""
    made: list[nodes.Node] = []
    for part in re.split(r"\b(M\d\d|[0-9a-f]{12})\b", text):
        entry = source(part) if part in DATA else None
        if entry is None:
            made.append(nodes.Text(part))
        else:
            place = (
                f"https://git.kernel.org/linus/{part}"
                if "change" in entry
                else f"https://lore.kernel.org/r/{entry['id'][0]}"
            )
            title = described(entry)
            made.append(nodes.reference(part, part, refuri=place, reftitle=title))
    return [node for node in made if node.astext()]


class Citations(SphinxPostTransform):
    """Every label of a mail or commit in the prose opens it; titles and code stay as they are."""

    default_priority = 900

    def run(self, **_) -> None:
        for text in list(self.document.findall(nodes.Text)):
            parent = text.parent
            if isinstance(parent, nodes.literal):
                text, parent = parent, parent.parent
            if isinstance(text, nodes.literal) and text.astext() not in DATA:
                continue
            if any(
                isinstance(above, nodes.title | nodes.reference | nodes.literal_block | nodes.raw)
                for above in ancestors(text)
            ):
                continue
            made = linked(text.astext())
            if any(isinstance(node, nodes.reference) for node in made):
                parent.replace(text, made)


def ancestors(node: nodes.Node):
    """The nodes around a node, from the inside out."""
    while node.parent is not None:
        node = node.parent
        yield node


def without_aliases(app, what: str, name: str, thing, options, lines: list[str]) -> None:
    """A field of a named tuple has a name and a type; "Alias for field number 0" says no more."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()


def setup(app) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", without_aliases)
    app.add_html_math_renderer(
        "mathml", inline_renderers=(mathml("inline"), None), block_renderers=(mathml("block"), None)
    )
    app.add_post_transform(Citations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
