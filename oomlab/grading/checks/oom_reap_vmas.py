"""Level 1: what may the reaper take? To be found from runs of the model (K 4.14).

oom_reap_vmas(vmas) -> names, in the order of the address space
vma: {"name", "anonymous": bool, "pages", "flags": ["VM_SHARED", "VM_LOCKED", ...]}

The sheet gives no rule, and neither does the feedback: the student runs the model with probe().
"""

from ...model.exit import can_reap as model_can_reap
from ...model.kernel import Kernel
from ...model.mm import ANON, FILE, HUGETLB, MMF_OOM_SKIP, PFNMAP, VMA
from ...model.syscalls import mmap
from ...policies.presets import PRESETS
from ...scenarios.programs import hang, touch
from ...simulate.scheduler import run_seeded
from ..asking import CheckFailed, several
from ..example_text import table
from ..exercise import Exercise

exercise = Exercise("reap-vmas", 1, "Choose the VMAs to reap", "oom_reap_vmas")
SPECIAL = ("VM_LOCKED", "VM_HUGETLB", "VM_PFNMAP")


def modelled(vma: dict) -> VMA:
    """The model's VMA: there a kind stands for flags that exclude each other."""
    kind = ANON if vma["anonymous"] else FILE
    kind = HUGETLB if "VM_HUGETLB" in vma["flags"] else kind
    kind = PFNMAP if "VM_PFNMAP" in vma["flags"] else kind
    flags = {"locked": "VM_LOCKED" in vma["flags"], "shared": "VM_SHARED" in vma["flags"]}
    return VMA(vma["name"], kind, vma["pages"], **flags)


def can_reap(vma: dict) -> bool:
    """What the model's reaper of 4.14 says (K 4.14 __oom_reap_task_mm)."""
    return model_can_reap(modelled(vma), PRESETS["linux-4.14"])


def probe(vmas: list[dict]) -> dict[str, int]:
    """Run the model: a victim with these VMAs cannot exit. {name: pages left after the reaper}.

    The other task touches as many pages as the machine has, so that memory runs out however small
    the victim is. ValueError for areas that no process has.
    """
    pages = sum(vma["pages"] for vma in vmas)
    if any(vma["anonymous"] and "VM_SHARED" in vma["flags"] for vma in vmas):
        raise ValueError(
            "shared memory is never anonymous: it belongs to a file of its own (shmem)"
        )
    kernel = Kernel(PRESETS["linux-4.14"], 2 * pages + 1000)
    victim = kernel.spawn("victim", ((hang,),), vmas=[modelled(vma) for vma in vmas])
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", kernel.zone.managed)), adj=-1000)
    mm = victim.mm
    run_seeded(kernel, 1)
    assert mm.flags & MMF_OOM_SKIP, "no reaper came, so what is left is not its choice"
    return {vma.name: vma.pages for vma in mm.vmas}


def vma(draw, name: str, *flags: str, anonymous: bool = True) -> dict:
    noise = draw.sample(["VM_READ", "VM_WRITE", "VM_EXEC", "VM_GROWSDOWN"], draw.randrange(4))
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


def in_full(got, vmas: list[dict]) -> str:
    """What was returned, and of each VMA whether it is in it and whether it should be."""
    chosen = got if isinstance(got, list) else []
    judged = [{**vma, "yours": vma["name"] in chosen, "4.14": can_reap(vma)} for vma in vmas]
    return f"it gave {got!r} for\n{table(judged)}"


def compare(ask, vmas: list[dict], sentence: str) -> None:
    got = ask("oom_reap_vmas", vmas)
    want = [vma["name"] for vma in vmas if can_reap(vma)]
    example = in_full(got, vmas)
    if sorted(several(got, "The names", example=example, of=str)) != sorted(want):
        raise CheckFailed(sentence, example)


def not_everything(ask, draw) -> None:
    """Who takes all there is has not chosen."""
    special = [vma(draw, f"{n:x}", flag, anonymous=False) for n, flag in enumerate(SPECIAL, 0x400)]
    got = ask("oom_reap_vmas", special)
    taken = several(got, "The names", example=in_full(got, special), of=str)
    if all(one["name"] in taken for one in special):
        raise CheckFailed("You take whatever there is; the reaper chooses: run probe().")


@exercise.worth(2, "Heap and stack, which are anonymous and private")
def private_anonymous(ask, draw):
    not_everything(ask, draw)
    for _ in range(3):
        compare(ask, space(draw), "Wrong for heap and stack, private and anonymous: run probe().")


@exercise.worth(2, "Mappings of files, private and shared")
def files(ask, draw):
    for _ in range(3):
        kinds = (((), False), (("VM_SHARED",), False))
        compare(
            ask,
            space(draw, *kinds),
            "Wrong for mappings of files: probe() a private one and a shared one.",
        )


@exercise.worth(3, "Memory with VM_LOCKED, VM_HUGETLB or VM_PFNMAP")
def spared(ask, draw):
    for flag in SPECIAL:
        kinds = (((flag,), True), ((flag,), False)) if flag == "VM_LOCKED" else (((flag,), False),)
        compare(
            ask, space(draw, *kinds), f"Wrong for a VMA with {flag}: probe() one, and think why."
        )


@exercise.worth(1, "Each name once, in the order of the address space, none of an empty one")
def order(ask, draw):
    kinds = (((), False), (("VM_LOCKED",), True))
    for vmas in (*(space(draw, *kinds) for _ in range(3)), []):
        got = ask("oom_reap_vmas", vmas)
        example = in_full(got, vmas)
        names = several(got, "The names", example=example, of=str)
        want = [vma["name"] for vma in vmas if can_reap(vma)]
        if set(names) != set(want):
            raise CheckFailed(
                "These are not the right names: find these first, then their order.", example
            )
        if names != want:
            raise CheckFailed(
                "Return the names in the order of the address space, each once.", example
            )
