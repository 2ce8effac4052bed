"""Level 3: predict three outcomes. The simulator says what is right.

    who_dies(children, policy)    -> the names of the victims of small-child, in order
    is_lost(victims, policy)      -> can a victim of lost-victim (>= 3 victims) be lost? bool
    is_reaped(sharer, policy)    -> is the victim's mm reaped in hidden-sharer? bool

`policy` is the dict of all knobs of a policy (dataclasses.asdict). In the notebook a student can
ask the simulator; graded code has no simulator, so the student must turn what was found into a
rule. No question is about a published preset. Each starts from a preset, sets the knob that decides
(in half of the questions against the preset), and changes some knobs that decide nothing. So a
table of the presets, the nearest preset, or a knob that merely often goes with the right one gives
wrong answers.
"""

from dataclasses import asdict

from ...policies.policy import KNOBS, Policy
from ...policies.presets import PRESETS
from ...simulate.run import run
from ...simulate.setup import choose_policy
from ..asking import Ask, CheckFailed, several, truth
from ..exercise import Exercise

exercise = Exercise("predict", 3, "Predict three outcomes", "who_dies", "is_lost", "is_reaped")

RUNS = 16  # seeds that are tried before "never" is said
RELEASES = ("4.4", "4.6", "4.10", "4.14", "4.19", "5.1", "5.4", "5.10", "6.1", "6.12")
LINUX = tuple(f"linux-{release}" for release in RELEASES)
DEBATE = ("linux-4.4", "rfc-2015-11-27", "rfc-xchg", "mm-2015-12", "handa", "kmallocwd")
REAPERS = ("none", "slot", "slot-xchg", "list", "scan")
REAPING = ("rfc-2015-11-27", "mm-2015-12", "linux-4.6", "linux-4.10", "linux-4.14", "linux-4.19")
NOISE = (  # decide none of the three
    *("watermarks", "alloc_harder", "points", "page_tables", "root_bonus"),
    *("signed_points", "ties", "vfork_skipped", "adj_follows_mm", "mmap_sem_killable"),
    *("reap_locked", "reap_pfnmap", "reaper_naps"),
)


def having(draw, names: tuple[str, ...], knob: str, *values) -> str:
    """One of these presets whose knob has one of the values."""
    return draw.choice([name for name in names if getattr(PRESETS[name], knob) in values])


def altered(draw, base: str, **knobs) -> tuple[Policy, str]:
    """A preset with these knobs and some noise, and its description."""
    for name in draw.sample(NOISE, 4):
        others = KNOBS[name].metadata["choices"] or (False, True)
        now = getattr(PRESETS[base], name)
        knobs[name] = draw.choice([value for value in others if value != now])
    changes = ", ".join(f"{name}={value!r}" for name, value in knobs.items())
    return choose_policy(base, knobs), f"{base} with {changes}"


def knobs_of(policy: Policy) -> dict:
    """All knobs, without the words that would give a preset away."""
    return {**asdict(policy), "name": "", "about": "", "kernel": ""}


def said(ask: Ask, function: str, argument, policy: Policy) -> bool:
    answer = ask(function, argument, knobs_of(policy))
    return truth(answer, f"What `{function}` returns", f"it returned {answer!r}")


@exercise.worth(3, "small-child: who dies, and in which order")
def small_child(ask, draw):
    cases = [(now, before) for now in (True, False) for before in (True, False)]
    for sacrifice, before in draw.sample(cases, len(cases)):
        base = having(draw, LINUX, "child_sacrifice", before)
        policy, words = altered(draw, base, child_sacrifice=sacrifice)
        children = draw.randrange(1, 9)
        victims = run("small-child", policy, trace=False, children=children).outcome.victims
        answer = ask("who_dies", children, knobs_of(policy))
        example = f"who_dies({children}, {words}) gave {answer!r}, not {victims}"
        if several(answer, "The victims", example=example, of=str) != victims:
            raise CheckFailed(
                f"Wrong for a policy that {'kills' if sacrifice else 'does not kill'} a child in "
                "its parent's place. Run small-child, and look for the knob that decides.",
                example,
            )


@exercise.worth(3, "lost-victim: which hand-offs can lose a victim")
def lost_victim(ask, draw):
    cases = [(now, before) for now in REAPERS for before in (REAPERS[:3], REAPERS[3:])]
    for reaper, before in draw.sample(cases, len(cases)):
        policy, words = altered(draw, having(draw, DEBATE, "reaper", *before), reaper=reaper)
        victims = draw.randrange(3, 5)
        runs = (
            run("lost-victim", policy, seed=seed, trace=False, victims=victims)
            for seed in range(RUNS)
        )
        lost = any(r.outcome.verdict == "lost-victim" for r in runs)
        if said(ask, "is_lost", victims, policy) != lost:
            raise CheckFailed(
                f"Wrong for a policy whose reaper is {reaper!r}: a victim "
                f"{'can' if lost else 'cannot'} be lost. Run lost-victim with several seeds.",
                f"is_lost({victims}, {words})",
            )


@exercise.worth(3, "hidden-sharer: whose company protects an mm from the reaper")
def hidden_sharer(ask, draw):
    own = {"kthread": "kthread_blocks_reaping", "unkillable": "unkillable_sharer"}
    own |= {"killable": "unkillable_sharer", "init": "unkillable_sharer"}
    values = {"kthread_blocks_reaping": (False, True), "unkillable_sharer": ("spared", "killed")}
    cases = [
        (sharer, now, before)
        for sharer, knob in own.items()
        for now in values[knob]
        for before in values[knob]
    ]
    for sharer, now, before in draw.sample(cases, len(cases)):
        others = {knob: draw.choice(choices) for knob, choices in values.items()}
        base = having(draw, REAPING, own[sharer], before)
        policy, words = altered(draw, base, **{**others, own[sharer]: now})
        reaped = run("hidden-sharer", policy, trace=False, sharer=sharer).outcome.reaped
        if said(ask, "is_reaped", sharer, policy) != ("hog" in reaped):
            raise CheckFailed(
                f"Wrong for a sharer of kind {sharer!r}: look at outcome.reaped, and at the "
                "knobs about sharers.",
                f"is_reaped({sharer!r}, {words})",
            )
