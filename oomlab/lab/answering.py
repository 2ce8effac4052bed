"""A widget that answers each message of its browser, whatever goes wrong on the way.

The browser waits for the answer before it asks for more: without one, nothing on the screen would
do anything from then on. Its side is no_answer.js.
"""

import sys
import traceback
from typing import Any

import anywidget

from ..arguments import as_sentence
from ..explorer.progress import Stopped
from ..simulate.patch_text import whose_failure


class Answering(anywidget.AnyWidget):
    """Its class says in do() what a message asks for, and in tell() what came of it."""

    def __init__(self, **state: Any):
        super().__init__(**state)
        self.on_msg(self.answer)

    def do(self, message: dict) -> Any:
        """Do what is asked; what comes back is for tell()."""
        raise NotImplementedError

    def tell(self, message: dict, done: Any, error: str) -> None:
        """Send what there is now; `error` is the sentence of what went wrong, else empty."""
        raise NotImplementedError

    def answer(self, _, message: dict, buffers: list) -> None:
        """Do what the browser asks, and answer; whatever goes wrong is a sentence there."""
        done, error = None, ""
        try:
            done = self.do(message)
        except ValueError as wrong:
            error = as_sentence(wrong)
        except Stopped as stopped:
            error = str(stopped)
        except KeyboardInterrupt:
            error = "Stopped before there was an answer: what was shown stays."
        except Exception as wrong:  # a student does not see a kernel's log: told in place, too
            error = f"{whose_failure(wrong)} What was shown stays."
            traceback.print_exc(file=sys.stderr)
        try:
            self.tell(message, done, error)
        except KeyboardInterrupt:  # Stop, while it was being told
            self.tell(message, done, error)
