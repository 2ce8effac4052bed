"""A sentence whose numbers can be dragged: the run that they mean, and a figure of it, follow.

    Sentence("Let {thieves} thieves ask.", "page-thieves", "linux-4.6", "pages", thieves=(0, 12))

Where no kernel runs it is the sentence as plain text, and the figure as it was.
"""

from html import escape
from string import Formatter
from typing import Any

from IPython.display import display
from traitlets import Dict, List, Unicode

from ..arguments import checked
from ..naming import nearest, short
from ..scenarios import parameters
from ..simulate.run import run
from . import figures
from .answering import Answering
from .policylab import HERE, scripts

OF_A_RUN = {figure.__name__.rpartition(".")[2]: figure for figure in figures.FIGURES.values()}


def right(given: object) -> bool:
    """Are these the bounds of a whole number, with or without the value to begin with?"""
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        return False
    least, most, *first = given
    whole = all(type(n) is int for n in given)
    return whole and least <= most and all(least <= n <= most for n in first)


class Sentence(Answering):
    """`shown` is what stands there now: the values by name, how the run ends, and its picture."""

    _esm = scripts("dom.js", "no_answer.js", "draggable_sentence.js")
    _css = HERE / "policylab.css"

    words: List = List().tag(sync=True)  # (text, the name of the number after it, or "")
    bounds = Dict().tag(sync=True)  # {name: [least, most]}
    shown = Dict().tag(sync=True)
    error = Unicode().tag(sync=True)

    @checked
    def __init__(
        self, text: str, scenario: str, policy: str, figure: str, **bounds: tuple[int, ...]
    ):
        """`text` has {name} for each parameter of the scenario that can be dragged, `bounds` its
        least and its greatest value, and, if it is not the scenario's own, the one that it has at
        first. The seed is 0. `figure` is one of oomlab.lab.figures. ValueError for a name that the
        scenario has not, and for bounds that are none.
        """
        if figure not in OF_A_RUN:
            raise ValueError(f"no figure {figure!r} of a run: {nearest(figure, OF_A_RUN)}")
        self._scenario, self._policy, self._figure = scenario, policy, OF_A_RUN[figure]
        words = [(said, name or "") for said, name, *_ in Formatter().parse(text)]
        first = {n: value for n, value in parameters(scenario).items() if isinstance(value, int)}
        for name in {*bounds, *(name for _, name in words if name)}:
            if name not in first or name not in bounds:
                raise ValueError(f"{name!r} is no number of {scenario} with a least and a greatest")
            if [said for _, said in words].count(name) != 1:
                raise ValueError(f"{name!r} must stand in the sentence once, as {{{name}}}")
        for name, given in bounds.items():
            if not right(given):
                raise ValueError(
                    f"{name} takes its least and its greatest value, and perhaps one in between to "
                    f"begin with, as (0, 12) or (0, 12, 4), not {short(given)}"
                )
        first |= {name: given[2] for name, given in bounds.items() if given[2:]}
        within = {name: list(ends[:2]) for name, ends in bounds.items()}
        super().__init__(words=words, bounds=within)
        self._show({name: first[name] for name in bounds})

    def _show(self, values: dict[str, int]) -> None:
        settings: dict[str, Any] = {**values}
        made = run(self._scenario, self._policy, **settings)
        picture = self._figure.figure(made)._repr_mimebundle_()["text/html"]
        end = f"{made.outcome.verdict}: {made.outcome.why.rstrip('.')}."
        self.shown = {"values": values, "end": end, "picture": picture}

    def do(self, message: dict) -> None:
        """Run again with the numbers that were dragged; one that is out of bounds is its bound."""
        values = {}
        for name, (least, most) in self.bounds.items():
            values[name] = max(least, min(most, int(message["values"][name])))
        self._show(values)

    def tell(self, message: dict, done: None, error: str) -> None:
        self.error = error
        self.send({"answers": message["number"]})

    def plain(self) -> str:
        """The sentence as text, with the numbers as they stand now, and how it ends."""
        values = self.shown["values"]
        said = "".join(words + (str(values[name]) if name else "") for words, name in self.words)
        return f"{said} {self.shown['end']}"

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            # Where no widget lives, what follows says it all: not even a repr stands in its place.
            display(bundle[0] | {"text/html": "", "text/plain": ""}, raw=True)
            text = f"<p>{escape(self.plain())}</p>{self.shown['picture']}"
            static = f"<section class='oomlab-static'>{text}</section>"
            display({"text/html": static, "text/plain": self.plain()}, raw=True)
