"""Level 1: the marks of a zone, to be found from zones that the model makes (K 4.4, K 4.6).

watermarks(managed, kernel) -> (min, low, high)     in pages; kernel is "4.4" or "4.6"

The sheet gives no formula, and neither does the feedback: the student measures with probe().
"""

from math import isqrt

from ...model.memory import Zone
from ..asking import CheckFailed, several, whole
from ..exercise import Exercise

exercise = Exercise("watermarks", 1, "Compute the watermarks", "watermarks")
STEPS = {"4.4": "quarter", "4.6": "scaled"}


def probe(managed: int, kernel: str) -> tuple[int, int, int]:
    """(min, low, high) of a zone of so many pages, as the model sets it up; for the notebook."""
    zone = Zone(managed, STEPS[kernel])
    return zone.min, zone.low, zone.high


def marks(ask, managed: int, kernel: str) -> tuple[list[int], Zone, str]:
    """What the student says, what the model says, and the example to show."""
    answer = ask("watermarks", managed, kernel)
    example = f"watermarks({managed}, {kernel!r}) gave {answer!r}"
    names = ("min", "low", "high")
    values = several(answer, "The answer", 3, example)
    for name, value in zip(names, values, strict=True):
        whole(value, f"The {name} mark", example)
    zone = Zone(managed, STEPS[kernel])
    want = f"min {zone.min}, low {zone.low}, high {zone.high}"
    return values, zone, f"{example}; the zone has {want}"


@exercise.worth(3, "The min mark grows with the zone as the kernel's does")
def min_mark(ask, draw):
    for _ in range(6):
        managed = draw.randrange(10_000, 4_000_000)
        (low_bound, *_), zone, example = marks(ask, managed, draw.choice(("4.4", "4.6")))
        if low_bound != zone.min:
            raise CheckFailed("The min mark of a zone of ordinary size is wrong.", example)


@exercise.worth(1, "The smallest and the largest zones: min has bounds")
def clamps(ask, draw):
    for managed in (draw.randrange(64, 250), draw.randrange(80_000_000, 200_000_000)):
        (low_bound, *_), zone, example = marks(ask, managed, "4.4")
        if low_bound != zone.min:
            size = "very small" if managed < 1000 else "very large"
            raise CheckFailed(
                f"The min mark of a {size} zone is wrong: probe() some of that size.", example
            )


@exercise.worth(2, "4.4: how far low and high lie above min")
def quarter_steps(ask, draw):
    for _ in range(6):
        values, zone, example = marks(ask, draw.randrange(10_000, 4_000_000), "4.4")
        if values[1:] != [zone.low, zone.high]:
            raise CheckFailed("low or high is wrong for kernel 4.4.", example)


@exercise.worth(2, "4.6: how far they lie above min in small zones, and in large ones")
def scaled_steps(ask, draw):
    for managed in (draw.randrange(20_000, 60_000), *(draw.randrange(10**6, 10**7) for _ in "123")):
        values, zone, example = marks(ask, managed, "4.6")
        if values[1:] != [zone.low, zone.high]:
            size = "a small zone" if managed < 10**5 else "a large zone"
            raise CheckFailed(f"low or high is wrong for kernel 4.6 and {size}.", example)


@exercise.worth(2, "Exact everywhere, also where a float is one page off")
def integers(ask, draw):
    """min_free_kbytes one below a multiple of 4: the root must be rounded down."""
    for _ in range(6):
        root = 4 * draw.randrange(200, 3000)  # kB; 16 * kB just below the square of this
        managed = (root * root - 1) // 64
        (low_bound, *_), zone, example = marks(ask, managed, draw.choice(("4.4", "4.6")))
        assert zone.min == isqrt(managed * 64) // 4
        if low_bound != zone.min:
            off = "one page off" if abs(low_bound - zone.min) == 1 else "wrong"
            raise CheckFailed(
                f"min is {off}: the kernel has whole numbers only, and rounds at each step.",
                example,
            )
