"""A stand-in for anywidget on the site: the same class, with a page in place of Jupyter's comm.

Lessons are run with it when the site is built: a widget then leaves its whole state in the page, so
that the first picture needs no Python. In the browser's Python it carries messages between the page
and the very classes of oomlab.lab (bridge.py). The page's side is static/widgets.js.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from traitlets import HasTraits

MIME = "application/vnd.oomlab.widget+json"
MADE = count()  # the widgets of this Python: by its number one of them names another


def split(value: object, found: list[bytes]) -> object:
    """A value without its bytes: each stands in `found`, and its number in its place."""
    if isinstance(value, bytes):
        found.append(value)
        return {"$bytes": len(found) - 1}
    if isinstance(value, dict):
        return {key: split(each, found) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [split(each, found) for each in value]
    return value


class AnyWidget(HasTraits):
    """What oomlab's widgets use of anywidget: synced traits, messages both ways, a mimebundle."""

    post: Callable[[dict, list[bytes]], None] | None = None  # to the page; the bridge sets it

    def __new__(cls, *args, **how):
        made = super().__new__(cls)
        made.__dict__["made_with"] = [args, how]  # so that the page can make it again
        made.__dict__["nth"] = next(MADE)
        return made

    def __init__(self, **traits):
        self.__dict__.update(listeners=[], sent={}, holding=False)
        super().__init__(**traits)

    def on_msg(self, listener: Callable) -> None:
        self.__dict__["listeners"].append(listener)

    def send(self, content: dict, buffers: list | None = None) -> None:
        if self.post:
            self.post({"msg": content}, [])

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        yield
        self.sync()

    def state(self) -> dict:
        """Every trait that the page knows."""
        return {name: getattr(self, name) for name in self.trait_names(sync=True)}

    def sync(self) -> None:
        """Send what changed since the last time."""
        sent, now = self.__dict__["sent"], self.state()
        changed = {k: v for k, v in now.items() if k not in sent or sent[k] is not v}
        sent.update(changed)
        if changed and self.post:
            buffers: list[bytes] = []
            self.post({"state": split(changed, buffers)}, buffers)

    def receive(self, message: dict) -> None:
        """What the page sends: traits that were set there, or a message."""
        for name, value in message.get("set", {}).items():
            setattr(self, name, value)
            self.__dict__["sent"][name] = getattr(self, name)
        if "msg" in message:
            for listener in self.__dict__["listeners"]:
                listener(self, message["msg"], [])
        self.sync()

    def _repr_mimebundle_(self, **_) -> tuple[dict, dict]:
        """Everything that the page needs to show it, and to make it again in its own Python."""
        try:
            made_with = json.loads(json.dumps(self.__dict__["made_with"]))
        except TypeError:  # made of what only this Python has, as a run or a patched policy
            made_with = None
        own = self.__dict__
        bundle = {
            "widget": type(self).__name__,
            "made_with": made_with,
            "state": self.state(),
            "nth": own["nth"],
            # What it shows beside itself: a table of verdicts has a lab.
            "parts": {
                name: part.__dict__["nth"]
                for name, part in own.items()
                if isinstance(part, AnyWidget)
            },
        }
        buffers: list[bytes] = []
        packed = {"widget": split(bundle, buffers)}
        packed["buffers"] = [b64encode(each).decode() for each in buffers]
        return {MIME: packed, "text/plain": type(self).__name__}, {}
