"""Level 1: what may the reaper take? The VMA rules of kernel 4.14.

oom_reap_vmas(vmas) -> names, in the order of the address space
vma: {"name", "anonymous": bool, "pages", "flags": ["VM_SHARED", "VM_LOCKED", ...]}
"""

from ..asking import CheckFailed, several
from ..exercise import Exercise

exercise = Exercise("reap-vmas", 1, "Choose the VMAs to reap", "oom_reap_vmas")
SPARED = ("VM_LOCKED", "VM_HUGETLB", "VM_PFNMAP")


def can_reap(vma: dict) -> bool:
    """Private or anonymous, and not locked, huge or device memory (K 4.14 __oom_reap_task_mm)."""
    if any(flag in vma["flags"] for flag in SPARED):
        return False
    return vma["anonymous"] or "VM_SHARED" not in vma["flags"]


def vma(draw, name: str, *flags: str, anonymous: bool = True) -> dict:
    noise = draw.sample(["VM_READ", "VM_WRITE", "VM_EXEC", "VM_GROWSDOWN"], 2)
    every = [*flags, *noise]
    draw.shuffle(every)
    return {"name": name, "anonymous": anonymous, "pages": draw.randrange(1, 999), "flags": every}


def space(draw, *kinds: tuple) -> list[dict]:
    """An address space: heap, stack, and some VMAs of each (flags, anonymous)."""
    vmas = [
        vma(draw, f"{n:x}", *flags, anonymous=anonymous)
        for (flags, anonymous), n in zip(
            [((), True), ((), True), *kinds, *kinds],
            draw.sample(range(0x400, 0x7FFF), 2 + 2 * len(kinds)),
            strict=True,
        )
    ]
    draw.shuffle(vmas)
    return vmas


def compare(ask, vmas: list[dict], sentence: str) -> None:
    got = ask("oom_reap_vmas", vmas)
    want = [vma["name"] for vma in vmas if can_reap(vma)]
    example = f"of {vmas} you reap {got!r}, not {want}"
    several(got, "The names", example=example)
    if sorted(map(str, got)) != sorted(want):
        raise CheckFailed(sentence, example)


@exercise.worth(2, "Private anonymous memory is taken: heap and stack")
def private_anonymous(ask, draw):
    for _ in range(3):
        compare(
            ask, space(draw), "Heap and stack, private and anonymous, are what the reaper is for."
        )


@exercise.worth(1, "A private mapping of a file is taken, a shared one is not")
def files(ask, draw):
    for _ in range(3):
        kinds = (((), False), (("VM_SHARED",), False))
        compare(
            ask,
            space(draw, *kinds),
            "File mappings: the private ones go (VM_SHARED not set), the shared ones stay.",
        )


@exercise.worth(1, "What is anonymous is taken even if VM_SHARED is set")
def anonymous_shared(ask, draw):
    compare(
        ask,
        space(draw, (("VM_SHARED",), True)),
        "The rule is anonymous OR not VM_SHARED; an anonymous VMA is taken in any case.",
    )


@exercise.worth(3, "mlocked, huge and device memory is left alone")
def spared(ask, draw):
    for flag, why in zip(
        SPARED, ("munlock could block", "it belongs to hugetlbfs", "it is no RAM"), strict=True
    ):
        compare(
            ask,
            space(draw, ((flag,), True), ((flag,), False)),
            f"A VMA with {flag} must be left alone: {why}.",
        )


@exercise.worth(1, "Each name once, in the order of the address space, none of an empty one")
def order(ask, draw):
    for vmas in (space(draw, ((), False), (("VM_LOCKED",), True)), []):
        got = ask("oom_reap_vmas", vmas)
        if got != [vma["name"] for vma in vmas if can_reap(vma)]:
            raise CheckFailed(
                "Return the names in the order of the address space, each once.",
                f"of {vmas} you reap {got!r}",
            )
