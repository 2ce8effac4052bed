"""Questions about any run, each asked just before the event that answers it.

Each question carries its choices, its answer, and the reason, all read from the trace. A question
that leaves no choice is not asked, and tasks of equal points are one choice. What a lesson asks is
written by hand, in predictions/.
"""

from collections import Counter
from dataclasses import dataclass, field

from ..simulate.run import Run
from .facts import candidates, several, who_got_them
from .timeline import lanes, moments, shown_steps, takers

ENDS = {
    "recovered": "it recovers",
    "lost-victim": "a victim is killed, but its memory is never reaped",
    "deadlock": "a deadlock: tasks wait for each other in a circle",
    "livelock": "a livelock: tasks loop in the allocator for ever",
    "panic": "the kernel panics",
}
WOULD = {  # what one would see, if it were so
    "recovered": "Then each task would go on or exit, and no victim would keep its memory.",
    "lost-victim": "Then a victim would keep its memory, and no reaper would come for it.",
    "deadlock": "Then tasks would hold what the others wait for, and none of them could move.",
    "livelock": "Then tasks would ask for memory again and again, and get none.",
    "panic": "Then the kernel would have stopped the machine.",
}
TAKERS = {
    "dying": "mostly tasks that are dying",
    "not dying": "mostly tasks that are not dying",
    "kernel thread": "mostly kernel threads",
    "no task": "no task: the reaper frees nothing, or no task takes it",
}


@dataclass(frozen=True)
class Question:
    """`step` is the last that may be seen before answering; choices[answer] is right.

    `why` says why it is; `against`, if there is any, why each of the choices is not.
    """

    step: int
    text: str
    choices: list[str]
    answer: int
    why: str
    against: list[str] = field(default_factory=list)


def questions(run: Run) -> list[Question]:
    """Who dies? Does it recover? Who gets the pages? In the order in which the trace answers.

    A run that was cut has no end that could be asked for.
    """
    asked = [does_it_recover(run)] if run.outcome.verdict in ENDS else []
    if len((who := who_dies(run)).choices) > 2:
        asked.insert(0, who)
    if run.policy.reaper != "none" and (pages := who_gets_the_pages(run)):
        asked.append(pages)
    return asked


def freeze_step(run: Run) -> int:
    """The last step before the first kill; without one, the middle of the run."""
    kills = [moment.step for moment in moments(run) if moment.kind in ("kill", "panic")]
    return max(0, kills[0] - 2) if kills else shown_steps(run) // 2


def who_dies(run: Run) -> Question:
    """The first victim, and its points against the others'; equal points are one choice."""
    step = freeze_step(run)
    first = run.outcome.victims[0] if run.outcome.victims else "no task"
    points = {row.name: row.points for row in candidates(run)[1]}
    alive = [lane.name for lane in lanes(run) if lane.kind == "user" and lane.at(step)]
    # At most six are offered: the victim, and the likeliest of the others.
    offered = dict.fromkeys([first, *(name for name in points or alive if name in alive)])
    names = sorted([name for name in offered if name != "no task"][:6])
    level = [name for name in names if points.get(name) and points[name] == points.get(first)]
    alike = " or ".join(level) or first
    choices = [*dict.fromkeys(alike if name in level else name for name in names), "no task"]
    text, answer = "Who is killed first?", choices.index(alike)
    against = [what_it_had(choice.split(" or ")[0], points) for choice in choices]
    return Question(step, text, choices, answer, why_this_one(run), against)


def what_it_had(name: str, points: dict[str, int | None]) -> str:
    """Why a choice is not the victim, as far as its points say."""
    if name == "no task":
        return "A task that may be killed was found."
    if name not in points:
        return "The killer does not look at it." if points else "No task is killed."
    has = points[name]
    return "It must not be killed." if has is None else f"It has {has} point{'s' * (has != 1)}."


def why_this_one(run: Run) -> str:
    chosen, rows = candidates(run)
    if not run.outcome.victims:
        return run.outcome.why
    victim = run.outcome.victims[0]
    scores = several([f"{row.name} {row.points}" for row in rows if row.points is not None])
    if victim != chosen:
        return f"{chosen or 'another task'} was chosen, but {victim} dies in its place ({scores})"
    best = [row.name for row in rows if row.points == rows[0].points]
    if len(best) > 1:
        return f"{several(best)} have equal points, and the {run.policy.ties} of the list wins"
    return f"it has the most points ({scores})"


def does_it_recover(run: Run) -> Question:
    """The verdict, with its reason; of each other end, what would have been seen."""
    answer, why = list(ENDS).index(run.outcome.verdict), run.outcome.why
    against = [WOULD[end] for end in ENDS]
    text, ends = "How does it end?", [*ENDS.values()]
    return Question(freeze_step(run), text, ends, answer, why, against)


def who_gets_the_pages(run: Run) -> Question | None:
    """Who takes most of what the reaper frees; asked before the first page is taken.

    None if two kinds of tasks take as many: then no answer is right.
    """
    got = who_got_them(run)
    shares: Counter[str] = Counter()
    for kind, pages in got.values():
        shares[kind] += pages
    (kind, most), (_, second) = (*shares.most_common(2), ("no task", 0), ("no task", 0))[:2]
    if most and most == second:
        return None
    named = several([f"{name} ({how}) took {pages}" for name, (how, pages) in got.items()])
    why = (
        f"Of the pages that the reaper freed, {named}"
        if got
        else "No page that the reaper freed was taken"
    )
    taken = takers(run)
    step = min(freeze_step(run), taken[0][0] - 1) if taken else freeze_step(run)
    text = "Who gets the pages that the reaper frees?"
    total = sum(shares.values())
    got_some = "They got {} of {}." if total else "They got none."
    against = [got_some.format(shares[each], total) for each in TAKERS if each != "no task"]
    against.append(f"{total} of them were taken.")
    return Question(step, text, [*TAKERS.values()], list(TAKERS).index(kind), why, against)
