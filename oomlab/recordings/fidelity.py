"""How true is the model? The same scene in the model and in recorded kernels, side by side.

For each recording the model is run from `config` and `before` alone. Compared are the victims in
order, the panic and its words, which growers got all they wanted afterwards, what the reaper did
to each victim and when, and for victims that were held back how many pages it took and what was
left. Set apart are runs in which two tasks grow at the same time in one domain (the same kernel
answers differently the next time; asked is then whether any of some schedules of the model ends
so), and those in which memory never ran out. Tasks that race each in a cgroup of its own settle
nothing by it but the order: who dies, when after the mark, and that the reaper takes the newest of
its list, is asked of these as of all. Where the victims agree and the reaper's order does not,
guests that are slower than most are tried too: emulation says when a kill comes, not the kernel.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..model.oom import OomControl, constrained_alloc, oom_badness
from ..policies.policy import Policy
from .reaper_attempts import (
    attempts,
    close_calls,
    leftovers,
    model_steps,
    newest_first,
    reaped_by_model,
    recorded_steps,
    resident_kb,
    same_attempts,
)
from .recorded import kernel_of, never_overcommits, read_record
from .replay import FAULTS_PER_TICK, killed, replay

APPROXIMATE_RSS = 2 * 80  # pages by which two counts on 6.x may differ and mean the same

SLOWER_GUESTS = 100, 50  # faults a tick: where a kill came later, so did its reaping
SCHEDULES = 8  # of a race: how many are tried
RACE = "racing growers: who asks first differs from run to run"
HOW_FAR = "growers in cgroups of their own: one stood still while another caused two kills"
NO_OOM = "memory never ran out before the recorder's time was over"
LATE = "the same victims, tries and ends, at other times: a guest whose emulation was late"
UNEXPLAINED = "not explained"

NOBODY_LEFT = "no killable processes", "System is deadlocked on memory"  # to 5.0, and since


@dataclass(frozen=True)
class RecordedComparison:
    """One recording against the model."""

    file: str
    kernel: str
    scenario: str
    expected: dict  # of growers that race in cgroups of their own in the order of the names
    got: dict
    others: tuple[dict, ...]  # by other schedules and slower guests, where those may answer
    apart: str  # why this run is nothing to be right or wrong about; mostly empty
    cause: str  # of a disagreement

    @property
    def agrees(self) -> bool:
        """Does the model end as the kernel did? A race is answered by the first schedule alone."""
        return alike(self.expected, self.got) or self.possible and not self.apart

    @property
    def possible(self) -> bool:
        """Does any of the schedules that were tried end as the kernel did?"""
        return any(alike(self.expected, got) for got in (self.got, *self.others))

    @property
    def irreducible(self) -> bool:
        """Would no model that knows only `config` and `before` get this right but by luck?"""
        return bool(self.apart)


def alike(expected: dict, got: dict) -> bool:
    """The same victims, end and leftovers; counts and times as far as a guest can tell them."""
    exactly = [key for key in expected if key not in ("reaped", "attempts", "close")]
    if any(expected[key] != got[key] for key in exactly):
        return False
    pages, mine = expected.get("reaped", {}), got["reaped"]
    if "reaped" in expected and pages.keys() != mine.keys():
        return False
    if any(abs(pages[name] - mine[name]) > APPROXIMATE_RSS for name in pages):
        return False
    if "attempts" not in expected:
        return True
    return same_attempts(expected["attempts"], got["attempts"], expected["close"])


def once(names: Iterable[str]) -> list[str]:
    """Without repeats: a group kill names its first victim twice; a bomb has many children."""
    return list(dict.fromkeys(names))


def compare(path: Path, seed: int = 0, preset: Policy | None = None) -> RecordedComparison:
    """Run the model on one recording and put both outcomes side by side.

    With `preset` the recording is judged by the rules of another kernel than its own.

    ValueError, with a sentence, if there is nothing to run or to compare it with.
    """
    record = read_record(path)
    try:
        kernel = kernel_of(record)
        present = {task.name for task in kernel.tasks}
        wanted = kills_awaited(record, present)
        expected = outcome_recorded(record, wanted, present)
        tag, scenario = record["kernel"]["tag"], record["scenario"]
        race = racing(record["config"])
        beside = race and each_in_its_own(record["config"])
        apart = RACE if race and not beside else NO_OOM if no_oom(record) else ""
        ask = partial(outcome_in_model, record, wanted, preset, in_any_order if beside else dict)
        expected = in_any_order(expected) if beside else expected
        got = ask(seed)
        others = otherwise(ask, expected, got, apart, seed)
        made = RecordedComparison(path.name, tag, scenario, expected, got, others, apart, "")
        if not made.agrees:
            made = replace(made, cause=apart or cause_of(record, expected, got))
        return made
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"{path}: what this run recorded cannot be read ({wrong!r})") from wrong


def otherwise(ask: Callable, expected: dict, got: dict, apart: str, seed: int) -> tuple:
    """Other outcomes of the model: of a race, and where only the reaper's order or time differs."""
    if alike(expected, got):
        return ()
    if apart == RACE:
        return tuple(ask(seed + n) for n in range(1, SCHEDULES))
    if not apart and expected["victims"] == got["victims"]:
        return tuple(ask(seed, speed) for speed in SLOWER_GUESTS)
    return ()


def kills_awaited(record: dict, present: set[str]) -> int:
    """How many kills are to be predicted: those the recorder waited for, or made by SysRq.

    It counts those from before the snapshot, while the scene was being set.
    """
    steps = record["config"]["steps"]
    gone = [task for task in record["before"]["tasks"] if task["id"] not in present]
    awaited = [int(step.split()[1]) - len(gone) for step in steps if step[:5] == "kills"]
    return max(awaited, default=steps.count("sysrqf"))


def racing(config: dict) -> bool:
    """Do two tasks begin to take memory at the same time?

    Groups that the script lets go one after another do not, if it waits in between.
    """
    going = 0
    for step in config["steps"]:
        verb, *arguments = step.split()
        if verb == "go":
            going += len(growers(config, int(arguments[0]) if arguments else 0))
        elif verb in ("kills", "watch") and going < 2:
            going = 0
    return going > 1


def each_in_its_own(config: dict) -> bool:
    """Has each grower a cgroup for itself, so that one's kill is nothing to the others?"""
    cgroups = [task.get("cgroup", "") for task in config["tasks"] if task["id"] in growers(config)]
    tops = {cgroup.partition("/")[0] for cgroup in cgroups}
    return "" not in tops and len(tops) == len(cgroups)


def in_any_order(outcome: dict) -> dict:
    """An outcome without the order of victims and attempts."""
    tried = {"attempts": sorted(outcome["attempts"])} if "attempts" in outcome else {}
    return outcome | {"victims": sorted(outcome["victims"])} | tried


def growers(config: dict, group: int | None = None) -> list[str]:
    """Who takes memory once the pressure begins: all of them, or those of a group."""
    return [
        task["id"]
        for task in config["tasks"]
        if task.get("behaviour") in ("grow", "forkbomb", "texit")
        and group in (None, task.get("go_group", 0))
    ]


def no_oom(record: dict) -> bool:
    """Was the recorder's time over before memory ran out, with growers that wanted more?

    Where the kernel promises no more than there is, they want in vain: that can be predicted.
    """
    config, after = record["config"], record.get("after")
    if record["parsed"] or never_overcommits(config):
        return False
    grown = {task["id"]: task["grown_kb"] for task in after["tasks"]} if after else {}
    return set(satisfied(config, grown)) != set(growers(config))


def outcome_recorded(record: dict, wanted: int, present: set[str]) -> dict:
    """What the kernel did, up to the last kill the recorder waited for.

    The growers are not stopped at once then. That they kill more, or that no task is left to kill,
    is no longer part of the scene.
    """
    outcome, config = record["outcome"], record["config"]
    killed = [name for name in once(outcome["kill_order"]) if name in present]
    panic = (outcome["panic"] or "").partition("not syncing: ")[2].partition(" exitcode")[0]
    if len(killed) >= wanted and any(words in panic for words in NOBODY_LEFT):
        panic = ""
    expected: dict = {"victims": killed[:wanted], "panic": bool(panic), "says": panic}
    after = record.get("after")
    if after and len(killed) < wanted:  # else the recorder stopped who grew
        grown = {task["id"]: task["grown_kb"] for task in after["tasks"]}
        expected["satisfied"] = satisfied(config, grown)
    steps = recorded_steps(record)
    if steps:
        expected["attempts"] = attempts(steps, killed[:wanted])
        expected["close"] = close_calls(steps)
        expected["newest_first"] = newest_first(steps)
    if held_back(record):
        expected |= leftovers(
            (name, resident_kb(record, name), *kb)
            for _, name, *kb in outcome["reaped"]
            if name in killed
        )
    return expected


def outcome_in_model(
    record: dict,
    wanted: int,
    preset: Policy | None,
    shown: Callable[[dict], dict],
    seed: int,
    faults_per_tick: int = FAULTS_PER_TICK,
) -> dict:
    """What the model did: it is asked for all, whatever the recording can tell."""
    kernel, stage = replay(record, seed, faults_per_tick, preset)
    victims = once(task.name for task in killed(kernel)[:wanted])
    panic = (kernel.panicked or "").partition(" exitcode")[0]
    if len(killed(kernel)) >= wanted and any(words in panic for words in NOBODY_LEFT):
        panic = ""
    outcome = {
        "victims": victims,
        "panic": bool(panic),
        "says": panic,
        "satisfied": satisfied(record["config"], stage.grown),
        "attempts": attempts(model_steps(kernel), victims),
        "newest_first": newest_first(model_steps(kernel)),
        **leftovers(reaped_by_model(kernel)),
    }
    return shown(outcome)


def satisfied(config: dict, grown: dict) -> list[str]:
    """Who got all the memory that it wanted, in the end: of the growers that want no more."""
    return [
        task["id"]
        for task in config["tasks"]
        if task.get("behaviour") == "grow"
        and grown.get(task["id"], 0) + task.get("step_kb", 256) > task.get("max_kb", 1 << 40)
    ]


def cause_of(record: dict, expected: dict, got: dict) -> str:
    """Why the two differ, as far as it is known."""
    pairs = zip(expected["victims"], got["victims"], strict=False)
    parting = next(((a, b) for a, b in pairs if a != b), None)
    if parting and record["kernel"]["tag"] in ("6.1", "6.12"):
        kernel = kernel_of(record)
        by_name = {task.name: task for task in kernel.tasks}
        pages = constrained_alloc(kernel, OomControl(0, 0, by_name[parting[0]].memcg))
        a, b = (oom_badness(by_name[name], pages, kernel.policy) for name in parting)
        if a is not None and b is not None and abs(a - b) <= APPROXIMATE_RSS:
            return f"approximate RSS: {parting[0]} and {parting[1]} are {abs(a - b)} pages apart"
    if racing(record["config"]) and expected["victims"] != got["victims"]:
        return HOW_FAR
    timeless = untimed(expected)
    return LATE if timeless != expected and alike(timeless, untimed(got)) else UNEXPLAINED


def untimed(outcome: dict) -> dict:
    """An outcome without the times and the order of what the reaper did."""
    if "attempts" not in outcome:
        return outcome
    done = [one._replace(woken=None, ended=None) for one in outcome["attempts"]]
    return outcome | {"attempts": done, "close": [one.victim for one in done]}


def held_back(record: dict) -> bool:
    """Was a victim stopped, frozen or traced? Others exit and are reaped in a race with that."""
    config = record["config"]
    return bool(config.get("prepare")) or any(task.get("trace") for task in config["tasks"])


def agreement(comparisons: Iterable[RecordedComparison]) -> dict:
    """Agreement as numbers: over all, by kernel, by scenario; the irreducible are counted apart."""
    runs = list(comparisons)
    fair = [c for c in runs if not c.irreducible]
    by_kernel = {}
    for kernel in sorted({c.kernel for c in fair}):
        mine = [c for c in fair if c.kernel == kernel]
        by_kernel[kernel] = {"runs": len(mine), "agree": sum(c.agrees for c in mine)}
    scenarios = Counter((c.scenario, c.agrees) for c in fair)
    return {
        "runs": len(fair),
        "agree": sum(c.agrees for c in fair),
        "irreducible": len(runs) - len(fair),
        "possible": sum(c.possible for c in runs if c.irreducible),
        "by_kernel": by_kernel,
        "by_scenario": {
            name: {
                "runs": scenarios[name, True] + scenarios[name, False],
                "agree": scenarios[name, True],
            }
            for name in sorted({c.scenario for c in fair})
        },
    }
