"""How sure a share is that was counted in some runs: the interval of Wilson (1927)."""

from dataclasses import dataclass
from itertools import count
from math import sqrt

Z = 1.959963984540054  # the normal distribution holds 95 % within this many deviations


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """The 95 % interval for the true share, from `hits` in `runs` independent runs.

    Unlike hits/runs with its usual error it is right for few runs, and for shares near 0 and 1
    (E. B. Wilson, JASA 22, 1927). ValueError for no runs, or more hits than runs.
    """
    if not 0 <= hits <= runs or runs < 1:
        raise ValueError(f"{hits} hits in {runs} runs")
    share = hits / runs
    middle = (share + Z * Z / (2 * runs)) / (1 + Z * Z / runs)
    half = Z / (1 + Z * Z / runs) * sqrt(share * (1 - share) / runs + Z * Z / (4 * runs * runs))
    # Rounding must not push an end past the share itself, nor past 0 and 1.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


@dataclass(frozen=True)
class Rate:
    """A share among runs, with the 95 % interval of Wilson."""

    group: dict[str, object]
    hits: int
    runs: int

    @property
    def share(self) -> float:
        return self.hits / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.runs)

    @property
    def percent(self) -> str:
        """The share, with as many digits as it needs not to look like none or all."""
        return in_percent(self.share)[0]

    def __str__(self) -> str:
        share, low, high = in_percent(self.share, *self.interval)
        return f"{share} [{low}, {high}]"


def in_percent(*parts: float) -> list[str]:
    """Parts of 1, each with so many digits that none looks like 0 % or 100 % and is not.

    >>> in_percent(1 / 4, 1 / 30_000)
    ['25.000%', '0.003%']
    """
    open_ends = [part for part in parts if 0 < part < 1]
    digits = next(
        digits for digits in count(1) if all(0 < round(part, digits + 2) < 1 for part in open_ends)
    )
    return [f"{part:.{digits}%}" for part in parts]
