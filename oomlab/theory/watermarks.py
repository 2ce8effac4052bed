"""How much is kept in reserve: the watermarks of a machine of one zone, from its size alone."""

from sympy import Basic, Eq, Max, Min, Symbol, Tuple, floor, sqrt, symbols

from .derivation import Derivation, DerivationStep

managed = Symbol("managed", positive=True, integer=True)  # pages of 4 kB
SIZES = {"managed": (1_000, 50_000_000)}


def marks(watermarks: str = "quarter") -> Derivation:
    """(min, low, high) in pages; "quarter" is v4.4's spacing, "scaled" that of v4.6 and later."""
    lowmem, kbytes, minimum, gap, all_marks = symbols("lowmem_kB min_free_kbytes min step marks")
    kbytes_of = Min(65536, Max(128, floor(sqrt(16 * lowmem))))
    gap_of, high_gap = floor(minimum / 4), floor(minimum / 2)
    if watermarks == "scaled":
        gap_of, high_gap = Max(gap_of, floor(managed * 10 / 10000)), 2 * gap
    result = Tuple(minimum, minimum + gap, minimum + high_gap)
    steps = [
        DerivationStep(
            "A page is 4 kB, so memory in kB is four times its pages.", Eq(lowmem, 4 * managed)
        ),
        DerivationStep(
            "The reserve grows with the square root of memory, within two bounds (from 5.7 on the "
            "upper one is 262144).",
            Eq(kbytes, kbytes_of),
        ),
        DerivationStep("In pages, this is the min mark.", Eq(minimum, floor(kbytes / 4))),
        DerivationStep("The marks above it keep a distance.", Eq(gap, gap_of)),
        DerivationStep("So the three marks, min, low and high, are", Eq(all_marks, result)),
    ]
    names = {
        all_marks: result,
        gap: gap_of,
        minimum: floor(kbytes / 4),
        kbytes: kbytes_of,
        lowmem: 4 * managed,
    }
    written = written_out(result, names)
    since = "up to Linux 4.5" if watermarks == "quarter" else "from Linux 4.6 on"
    return Derivation(f"The marks of one zone, {since}", steps, written, SIZES, names)


def reserve_share() -> Derivation:
    """Which part of memory the reserve is, between the bounds and without rounding."""
    kbytes, fourfold, share = symbols("min_free_kbytes fourfold share")
    kbytes_of = sqrt(16 * 4 * managed)
    steps = [
        DerivationStep("Without rounding, the reserve in kB is", Eq(kbytes, kbytes_of)),
        DerivationStep(
            "Four times the memory has only twice the reserve.", Eq(fourfold, 2 * kbytes)
        ),
        DerivationStep("In pages, and as a part of all pages:", Eq(share, kbytes / 4 / managed)),
        DerivationStep(
            "So the bigger the machine, the smaller the part.", Eq(share, 2 / sqrt(managed))
        ),
    ]
    names = {
        share: kbytes / 4 / managed,
        fourfold: kbytes_of.subs(managed, 4 * managed),
        kbytes: kbytes_of,
    }
    return Derivation("The reserve as a part of memory", steps, 2 / sqrt(managed), SIZES, names)


def written_out(result: Basic, names: dict) -> Basic:
    """Replace each abbreviation by what it stands for, in the order given."""
    for name, meaning in names.items():
        result = result.subs(name, meaning)
    return result
