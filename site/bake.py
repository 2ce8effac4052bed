"""Widgets as they stand in a page: baked into HTML, and the JavaScript that each needs.

A lesson that was run with standin/anywidget.py leaves its widgets in its outputs as plain values;
here they become HTML that static/widgets.js draws without Python.
"""

import gzip
import html
import json
import re
import sys
from base64 import b64encode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "standin"))

from anywidget import MIME, AnyWidget  # noqa: E402

import oomlab.lab as lab  # noqa: E402
from oomlab.looks import IN_A_PAGE  # noqa: E402

FRAME = re.compile(r"</?iframe[^>]*>")  # a notebook's: of it a page shows the picture alone
WIDGETS = tuple(name for name in lab.HOMES if isinstance(getattr(lab, name), type))


def placeholder(bundle: dict, fallback: str = "", page: str = "") -> str:
    """One widget as HTML: what is read without scripts, and its state, packed.

    ValueError for a widget that oomlab.lab does not offer: the site has no script for it.
    """
    name = bundle["widget"]["widget"]
    if name not in WIDGETS:
        raise ValueError(f"the site has no script for {name}: there are {', '.join(WIDGETS)}")
    text = b64encode(gzip.compress(json.dumps(bundle).encode(), 9, mtime=0)).decode()
    return (
        f'<div class="oomlab-widget" data-page="{html.escape(page)}">'
        f'<div class="first" tabindex="0">{FRAME.sub("", fallback)}</div>'
        f'<script type="application/octet-stream" class="state">{text}</script></div>'
    )


def baked(widget: AnyWidget, page: str = "") -> str:
    """A widget of this Python as HTML."""
    bundle = widget._repr_mimebundle_()[0]
    return placeholder(bundle[MIME], bundle.get("text/html", ""), page)


def in_outputs(notebook: dict) -> None:
    """Each widget in the outputs of a notebook that was run becomes HTML."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            bundle = output.get("data", {}).pop(MIME, None)
            if bundle is not None:
                output["data"]["text/html"] = placeholder(
                    bundle, output["data"].get("text/html", "")
                )


def scripts(folder: Path) -> None:
    """The JavaScript of each widget as a module of its own, and all their styles as one file."""
    folder.mkdir(parents=True, exist_ok=True)
    styles = [IN_A_PAGE]
    for name in WIDGETS:
        widget = getattr(lab, name)
        (folder / f"{name}.js").write_text(text_of(widget._esm))
        styles.append(text_of(widget._css))
    (folder / "widgets.css").write_text("\n".join(dict.fromkeys(styles)))


def text_of(source: str | Path) -> str:
    """A widget names a file, or is given the text itself."""
    return source.read_text() if isinstance(source, Path) else source
