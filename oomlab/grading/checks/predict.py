"""Level 3: predict three outcomes. The simulator says what is right.

    who_dies(children, policy)    -> the names of the victims of small-child, in order
    is_lost(victims, policy)      -> can a victim of lost-victim (>= 3 victims) be lost? bool
    is_reaped(sharer, policy)    -> is the victim's mm reaped in hidden-sharer? bool

`policy` is the dict of all knobs of a policy (dataclasses.asdict). In the notebook the simulator is
at hand to find out; graded code is alone, so what was found must be said as a rule.
"""

from dataclasses import asdict

from ...model.policy import PRESETS
from ...simulate.run import run
from ..asking import Ask, CheckFailed, several
from ..exercise import Exercise

exercise = Exercise("predict", 3, "Predict three outcomes", "who_dies", "is_lost", "is_reaped")

RUNS = 24  # seeds that are tried before "never" is said


def anonymous(policy: str) -> dict:
    """All knobs, without the name that would give it away."""
    return {**asdict(PRESETS[policy]), "name": "", "kernel": ""}


def truth(ask: Ask, function: str, argument, policy: str) -> bool:
    answer = ask(function, argument, anonymous(policy))
    if type(answer) is not bool:
        raise CheckFailed(f"`{function}` must return True or False.", f"it returned {answer!r}")
    return answer


@exercise.worth(3, "small-child: who dies, and in which order")
def small_child(ask, draw):
    policies = draw.sample(("linux-4.4", "linux-4.6", "linux-4.10", "linux-4.14", "linux-4.19"), 2)
    policies += draw.sample(("linux-5.1", "linux-5.4", "linux-5.10", "linux-6.1", "linux-6.12"), 2)
    for policy in draw.sample(policies, len(policies)):
        children = draw.randrange(1, 9)
        victims = run("small-child", policy, trace=False, children=children).outcome.victims
        answer = ask("who_dies", children, anonymous(policy))
        example = f"who_dies({children}, knobs of {policy}) gave {answer!r}, not {victims}"
        if several(answer, "The victims", example=example) != victims:
            old = policy in ("linux-4.4", "linux-4.6", "linux-4.10", "linux-4.14", "linux-4.19")
            raise CheckFailed(
                f"Wrong for a policy that {'kills' if old else 'does not kill'} a child in its "
                "parent's place. Run small-child, and look for the knob that decides.",
                example,
            )


@exercise.worth(3, "lost-victim: which hand-offs can lose somebody")
def lost_victim(ask, draw):
    losers = ("rfc-2015-11-27", "mm-2015-12")
    keepers = ("handa", "queue-2016-02", "linux-4.6", "linux-4.14")
    policies = ["linux-4.4", "rfc-xchg", "kmallocwd", draw.choice(losers), draw.choice(keepers)]
    for policy in draw.sample(policies, len(policies)):
        victims = draw.randrange(3, 5)
        runs = (
            run("lost-victim", policy, seed=seed, trace=False, victims=victims)
            for seed in range(RUNS)
        )
        lost = any(r.outcome.verdict == "lost-victim" for r in runs)
        if truth(ask, "is_lost", victims, policy) != lost:
            how = PRESETS[policy].reaper
            raise CheckFailed(
                f"Wrong for a policy whose reaper is {how!r}: somebody "
                f"{'can' if lost else 'cannot'} be lost. Run lost-victim with several seeds.",
                f"is_lost({victims}, knobs of {policy})",
            )


@exercise.worth(3, "hidden-sharer: whose company protects an mm from the reaper")
def hidden_sharer(ask, draw):
    cases = [
        (sharer, policy)
        for sharer in ("killable", "kthread", "unkillable", "init")
        for policy in (
            draw.choice(("rfc-2015-11-27", "mm-2015-12", "linux-4.6")),
            draw.choice(("linux-4.10", "linux-4.14")),
        )
    ]
    for sharer, policy in draw.sample(cases, len(cases)):
        reaped = run("hidden-sharer", policy, trace=False, sharer=sharer).outcome.reaped
        if truth(ask, "is_reaped", sharer, policy) != ("hog" in reaped):
            raise CheckFailed(
                f"Wrong for a sharer of kind {sharer!r}: look at outcome.reaped, and at the "
                "knobs about sharers.",
                f"is_reaped({sharer!r}, knobs of {policy})",
            )
