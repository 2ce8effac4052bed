"""Level 3: a policy against hidden scenarios.

    policy() -> {knob: value, ...}     at most five knobs, changed from linux-4.4

The policy plays the debates of the mails with sizes and schedules that are drawn anew each time.
"""

from ...policies.policy import KNOBS
from ...simulate.run import run
from ...simulate.setup import choose_policy
from ..asking import Ask, CheckFailed
from ..exercise import Exercise

exercise = Exercise("tournament", 3, "A policy for the tournament", "policy")

MOST_KNOBS = 5
MOST_STEPS = 40_000  # of one run: a policy may be endless, a tournament not
ALLOWED = sorted(
    name
    for name, knob in KNOBS.items()
    if knob.metadata["choices"] or isinstance(knob.default, bool)
)


def chosen(ask: Ask):
    """The student's policy, or CheckFailed."""
    knobs = ask("policy")
    example = f"policy() gave {knobs!r}"
    if type(knobs) is not dict or len(knobs) > MOST_KNOBS:
        raise CheckFailed(
            f"policy() must return a dict of at most {MOST_KNOBS} knobs and values.", example
        )
    if not set(knobs) <= set(ALLOWED):
        raise CheckFailed(
            "A knob does not exist, or is a time. Allowed are: " + ", ".join(ALLOWED), example
        )
    try:
        return choose_policy("linux-4.4", knobs)
    except (ValueError, TypeError) as wrong:
        raise CheckFailed(
            "A knob has a value that it does not take.", f"{example}: {wrong}"
        ) from None


def play(policy, draw, scenario: str, **settings):
    seed = draw.randrange(1 << 30)
    return run(scenario, policy, seed=seed, trace=False, most_steps=MOST_STEPS, **settings).outcome


def all_recover(
    ask, draw, games: list[tuple[str, dict]], sentence: str, schedules: int = 1
) -> None:
    """Each game ends well, under one of so many schedules."""
    policy = chosen(ask)
    for scenario, settings in games:
        for _ in range(schedules):
            outcome = play(policy, draw, scenario, **settings)
            if outcome.verdict == "recovered":
                break
        else:
            raise CheckFailed(
                f"{sentence} It ended as {outcome.verdict}.",
                f"{scenario} {settings or ''}: {outcome.why}",
            )


@exercise.worth(2, "No victim is lost when several memcgs run out at once")
def no_victim_lost(ask, draw):
    games = [("lost-victim", {"victims": draw.randrange(3, 6)}) for _ in range(6)]
    all_recover(ask, draw, games, "A victim was not handed to the reaper (lost-victim).")


@exercise.worth(2, "A second OOM is survived, of a memcg or of the whole machine")
def second_victim(ask, draw):
    # The sheet's own policy panics in 3 schedules of 200 of memcg-vs-global: a victim exits while
    # the reaper holds its memory. Chance must not cost a point, so such a game is played once more
    # (docs/grading.md).
    games = [("second-oom", {}), ("memcg-vs-global", {})] * 2
    all_recover(
        ask,
        draw,
        games,
        "The first victim's end blocks the second one's (second-oom, memcg-vs-global).",
        schedules=2,
    )


@exercise.worth(2, "A victim that cannot be reaped does not stop everything")
def unreapable(ask, draw):
    all_recover(
        ask,
        draw,
        [("stuck-writer", {})] * 2,
        "A victim holds its mmap_sem for ever, and the killer waits for it (stuck-writer).",
    )


@exercise.worth(2, "Threads that wait for a lock of another dying thread get out")
def dying_threads(ask, draw):
    games = [("inode-writers", {"writers": draw.randrange(4, 12)}) for _ in range(2)]
    all_recover(ask, draw, games, "Only one thread of the victim is helped (inode-writers).")


@exercise.worth(2, "No small child dies in vain")
def children_live(ask, draw):
    policy = chosen(ask)
    children = draw.randrange(2, 7)
    outcome = play(policy, draw, "small-child", children=children)
    if outcome.verdict != "recovered" or len(outcome.victims) > 1:
        raise CheckFailed(
            "Small children are killed for their parent, one after another (small-child).",
            f"the victims: {', '.join(outcome.victims)}",
        )
