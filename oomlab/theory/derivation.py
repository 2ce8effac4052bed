"""A derivation: sentences with equations that lead to a result, and the result as a function.

Every equation of a derivation must hold for all numbers that `domain` allows; the tests put random
ones in. `names` are abbreviations: symbols of the equations that stand for an expression, each in
terms of those after it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from sympy import Basic, Symbol, latex


class DerivationStep(NamedTuple):
    """One step: what is said, and what then holds."""

    sentence: str
    equation: Basic


@dataclass(frozen=True)
class Derivation:
    """Shown step by step in a notebook; called with numbers it gives the result for them."""

    title: str
    steps: list[DerivationStep]
    result: Basic
    domain: dict[str, tuple[int, int]]  # the free symbols of the result, from and to
    names: dict[Symbol, Basic] = field(default_factory=dict)

    def __call__(self, **numbers: int) -> Basic:
        """The result with numbers for its symbols. TypeError if one is missing or too many."""
        if set(numbers) != set(self.domain):
            raise TypeError(f"{self.title}: give numbers for {', '.join(sorted(self.domain))}")
        return self.result.subs({s: numbers[s.name] for s in self.result.free_symbols}).doit()

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.title}**", ""]
        for number, (sentence, equation) in enumerate(self.steps, 1):
            lines += [f"{number}. {sentence}", "", f"    $$ {written(equation)} $$", ""]
        return "\n".join(lines)

    def __str__(self) -> str:
        lines = [f"{n}. {said}\n     {what}" for n, (said, what) in enumerate(self.steps, 1)]
        return "\n".join([self.title, *lines])


def written(equation: Basic) -> str:
    """As TeX, with words for symbols set as words."""
    words = [s for s in equation.free_symbols if len(s.name.split("_")[0]) > 1]
    names = {s: r"\mathrm{" + s.name.replace("_", r"\_") + "}" for s in words}
    return latex(equation, symbol_names=names, mul_symbol="dot")
