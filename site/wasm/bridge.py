"""The browser's Python, as the page's worker talks to it (static/worker.js).

Each widget of the page has a number. What comes in and goes out is JSON text, with bytes beside it.
What only some pages ask for is imported when it is asked for: a page starts with less.
"""

import json
import traceback
from collections.abc import Callable

import anywidget

import oomlab.lab as lab
from oomlab.arguments import as_sentence
from oomlab.simulate.patch_text import whose_failure

widgets: dict[int, anywidget.AnyWidget] = {}
send: Callable[[str, list], None]


def begin(post: Callable[[str, list], None]) -> None:
    """From now on `post(text, buffers)` carries what is said to the page."""
    global send
    send = post


def receive(text: str) -> bool:
    """Do what the page asks; a failure is told, a patch's as its own, and nothing is lost by it.

    True: this Python goes on. A program can end it, and then nothing comes back.
    """
    message = json.loads(text)
    number = message["to"]
    try:
        if "open" in message:
            open_widget(number, **message["open"])
        elif "practise" in message:
            from exercises import practise

            send(json.dumps({"to": number, "practised": practise(**message["practise"])}), [])
        elif "report" in message:
            send(json.dumps({"to": number, "made": page_and_summary(message["report"])}), [])
        elif number in widgets:  # else it could not be made, which was told
            widgets[number].receive(message)
    except ValueError as wrong:
        send(json.dumps({"to": number, "failed": as_sentence(wrong)}), [])
    except Exception as wrong:
        traceback.print_exc()
        send(json.dumps({"to": number, "failed": whose_failure(wrong)}), [])
    return True


def page_and_summary(text: str) -> dict[str, str]:
    """Every report of a text: as one page to keep, and in a few lines. ValueError without any."""
    from oomlab.reports import explain
    from oomlab.reports.tell.many import brief_of, summary_text
    from oomlab.reports.tell.page import page_of, section

    told = explain(text)
    if not told:
        raise ValueError("no OOM report was found in this text: paste it above first")
    briefs = [brief_of(each, "") for each in told]
    return {"page": page_of(map(section, told), briefs), "summary": summary_text(briefs)}


def open_widget(
    number: int, widget: str, made_with: list, known: dict, parts: dict, patch: str | None = None
) -> None:
    """Make a widget of oomlab.lab again, and send what the page does not know of it yet.

    `parts` names the widgets of the page that this one shows beside itself.
    """
    args, how = made_with
    if patch is not None:
        from oomlab.simulate.patch_text import read_patch

        how = {**how, "policy": read_patch(patch)}
    try:
        made = getattr(lab, widget)(*args, **how)
    except ValueError:
        if patch is not None:
            raise
        send(json.dumps({"to": number, "still": True}), [])  # a scenario that a lesson has made
        return
    made.post = lambda content, buffers: send(json.dumps({"to": number, **content}), buffers)
    widgets[number] = made
    for name, value in known.items():
        setattr(made, name, value)
    for name, part in parts.items():
        setattr(made, name, widgets[part])
    if patch is not None:
        made.__dict__["sent"].clear()  # the page has no baked state of a lab with a patch
    made.sync()
    send(json.dumps({"to": number, "opened": True}), [])
