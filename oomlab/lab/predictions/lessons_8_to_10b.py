"""What lessons 8 to 10b ask: cgroups, memory that is shared, remedies that fail."""

from typing import Any

from ...simulate.run import Run, run
from ...simulate.wait_graph import owners
from ..machine_at import machine_at
from . import LessonQuestion, Place


def init_shares(policy: str) -> Run:
    return run("hidden-sharer", policy, sharer="init")


def stuck_writer(policy: str, **knobs: Any) -> Run:
    return run("stuck-writer", policy, **knobs)


def holders_at_the_kill() -> str:
    """Linux 4.4: does the thread that hit the limit hold a memory map when its cgroup kills?"""
    story = run("lost-victim", "linux-4.4")
    kill = next(event for event in story.events if event["event"] == "kill")
    kernel = machine_at(story, kill["step"] - 1)
    held = [owner for mm in kernel.mms for owner in owners(mm.mmap_sem)]
    return "the thread that hit the limit" if held else "no task does"


def with_a_dead_reaper(failure: str) -> str:
    """The machine of lesson 1, if kthread_run() failed at boot."""
    broken: dict[str, Any] = dict(reaper_starts=False, start_failure=failure)
    return run("invisible-dependency", "rfc-2015-11-27", **broken).outcome.verdict


PLACES = {
    "cgroup-and-machine": Place(
        "8",
        (
            LessonQuestion(
                "inside is killed for its cgroup, and cannot die. A little later the whole machine "
                "runs out; outside is big and could be killed. Does Linux 4.4 kill it?",
                {
                    "yes, the machine's killer knows nothing of cgroups": "It looks at all tasks "
                    "of the machine, and so it meets inside, too, which is marked.",
                    "no, it waits for inside": "Its search meets a victim that is not gone, stops "
                    "there, and kills no other.",
                    "no, it kills inside once more": "A victim has its SIGKILL. The search stops "
                    "at it, and gives it no second one.",
                },
                right="no, it waits for inside",
                model=lambda: {
                    ("inside",): "no, it waits for inside",
                    ("inside", "outside"): "yes, the machine's killer knows nothing of cgroups",
                }[tuple(run("memcg-vs-global", "linux-4.4").outcome.victims)],
            ),
            LessonQuestion(
                "And the other way round: the machine runs out first, then the cgroup. Does the "
                "cgroup get a victim of its own?",
                {
                    "yes": "A cgroup's search looks only at its own tasks. No other victim can "
                    "stop it.",
                    "no, it waits for the machine's victim": "That one is in no cgroup. "
                    "The cgroup's search never sees it.",
                    "it need not: the machine's victim makes room": "The room is needed below the "
                    "cgroup's own limit. Pages from elsewhere do not count.",
                },
                right="yes",
                model=lambda: (
                    "yes"
                    if "inside"
                    in run("memcg-vs-global", "linux-4.4", global_first=1).outcome.victims
                    else "no, it waits for the machine's victim"
                ),
            ),
            LessonQuestion(
                "In Linux 4.4 a page fault hits the cgroup's limit. Who holds the lock of the "
                "memory map at the moment when the cgroup kills?",
                {
                    "the thread that hit the limit": "So it is from 4.19 on. In 4.4 the charge "
                    "only makes a note and fails; the fault lets go of the lock; then it kills.",
                    "no task does": "The fault backs out and lets go of its lock before it kills.",
                    "the victim": "The victim sleeps, and has taken no lock before.",
                },
                right="no task does",
                model=holders_at_the_kill,
            ),
        ),
        shows=lambda: run("memcg-vs-global", "linux-4.4"),
    ),
    "shared-with-init": Place(
        "9",
        (
            LessonQuestion(
                "The hog shares its memory with process 1. The first RFC reaps the hog without "
                "asking who else uses the memory. How does it end?",
                {
                    "it recovers: init reads its pages in again": "Anonymous pages stand nowhere "
                    "else. In their place init finds zeros, and crashes.",
                    "the kernel panics": "init loses its memory while it runs, crashes, and "
                    "without process 1 the kernel cannot go on.",
                    "init is killed, and started again": "The kernel cannot start process 1 again: "
                    "its end is the end of the machine.",
                },
                right="the kernel panics",
                model=lambda: {
                    "recovered": "it recovers: init reads its pages in again",
                    "panic": "the kernel panics",
                }[init_shares("rfc-2015-11-25").outcome.verdict],
            ),
            LessonQuestion(
                "Linux 4.6 asks first. What does it do with this hog?",
                {
                    "it kills it, and does not reap it": "Whoever stays alive may still use the "
                    "memory. So it is left, and the victim stays where it is.",
                    "it does not kill it": "The hog itself may be killed, and is. Only its memory "
                    "is not touched.",
                    "it kills it, and reaps what init does not need": "There is one address space, "
                    "and each of its pages is init's as much as the hog's.",
                },
                right="it kills it, and does not reap it",
                model=lambda: (
                    "it kills it, and does not reap it"
                    if init_shares("linux-4.6").outcome.victims == ["hog"]
                    and not init_shares("linux-4.6").outcome.reaped
                    else "it kills it, and reaps what init does not need"
                ),
            ),
            LessonQuestion(
                "And if the sharer is an ordinary process that must not be killed (its "
                "oom_score_adj is -1000)? What does Linux 4.10 do?",
                {
                    "both live, and another process dies": "The hog is killed. Who shares its "
                    "memory would keep it from coming free.",
                    "the hog dies, the sharer lives": "So it was in 4.6. The memory was then in "
                    "use, and could not be taken.",
                    "both are killed": "Since 4.8 the number is the same for all who share a "
                    "memory, so that one cannot be exempt and the other not.",
                },
                right="both are killed",
                model=lambda: (
                    "both are killed"
                    if any(
                        step.task == "sharer" and step.state == "dead"
                        for step in run("hidden-sharer", "linux-4.10").steps
                    )
                    else "the hog dies, the sharer lives"
                ),
            ),
        ),
        shows=lambda: init_shares("rfc-2015-11-25"),
    ),
    "the-remedy-fails": Place(
        "10",
        (
            LessonQuestion(
                "The reaper's thread cannot be started when the machine boots, and the kernel "
                "carries on. Later the circle of lesson 1 comes about. How does it end?",
                {
                    "it hangs, as in lesson 1": "Without a reaper nothing cuts the circle.",
                    "the killer does the reaping itself": "The killer leaves the reaping to the "
                    "thread, and there is none.",
                    "the kernel panics": "It could have, at boot. Now it is too late: it waits for "
                    "its victim.",
                },
                right="it hangs, as in lesson 1",
                model=lambda: {
                    "deadlock": "it hangs, as in lesson 1",
                    "panic": "the kernel panics",
                }[with_a_dead_reaper("continue")],
            ),
            LessonQuestion(
                "Instead of a thread, a work item: a spare worker thread is to do the reaping. All "
                "workers are busy. What happens?",
                {
                    "a new worker is started, and reaps": "A new thread needs memory: a stack, and "
                    "more. There is none.",
                    "it hangs": "A new worker needs memory, and the memory comes from the reaping "
                    "that it should do.",
                    "the item waits, and a worker comes free soon": "A busy worker may itself wait "
                    "for memory. Here none comes free.",
                },
                right="it hangs",
                model=lambda: {
                    "deadlock": "it hangs",
                    "recovered": "a new worker is started, and reaps",
                }[run("workqueue-reaper", "workqueue").outcome.verdict],
            ),
            LessonQuestion(
                "Linux 4.4. The victim is frozen: an administrator has frozen its cgroup, and "
                "it takes no step. Can it be killed?",
                {
                    "no, it takes no step, so it sees no signal": "True of a frozen task. That is "
                    "why the killer thaws the one that it marks.",
                    "yes, the mark thaws it": "It takes its last steps, and exits.",
                    "its memory is reaped, and it stays": "In Linux 4.4 there is no reaper, and "
                    "none is needed here.",
                },
                right="yes, the mark thaws it",
                model=lambda: {
                    "recovered": "yes, the mark thaws it",
                    "livelock": "no, it takes no step, so it sees no signal",
                }[run("frozen-victim", "linux-4.4").outcome.verdict],
            ),
        ),
    ),
    "giving-up": Place(
        "10b",
        (
            LessonQuestion(
                "The reaper of Linux 4.6 tries to take the lock. It is held, for ever. Then?",
                {
                    "it waits for the lock": "It must not: it could wait for a task that waits for "
                    "memory, and serve no other victim.",
                    "it gives up, and the machine hangs": "It tries ten times, says so in the log, "
                    "and goes. The victim still stops the killer.",
                    "it gives up, and another process is killed": "In 4.6 the killer goes on "
                    "waiting for a victim that was given up, and takes no other.",
                },
                right="it gives up, and the machine hangs",
                model=lambda: {
                    "livelock": "it gives up, and the machine hangs",
                    "recovered": "it gives up, and another process is killed",
                }[stuck_writer("linux-4.6").outcome.verdict],
            ),
            LessonQuestion(
                "And Linux 4.10? When its reaper gives up, it sets a flag on the victim's memory: "
                "there is nothing to gain here. How does it end?",
                {
                    "it hangs all the same": "The flag is what the killer's search looks at: it "
                    "passes this victim by.",
                    "another process is killed, and it recovers": "The hog keeps its 600 pages, "
                    "and the other process dies for it.",
                    "the hog dies at last": "It sleeps in a wait that no signal ends; nothing has "
                    "changed for it.",
                },
                right="another process is killed, and it recovers",
                model=lambda: (
                    "another process is killed, and it recovers"
                    if stuck_writer("linux-4.10").outcome.victims == ["hog", "other"]
                    else "it hangs all the same"
                ),
            ),
            LessonQuestion(
                "The versions between take the mark off a victim that was given up, and set no "
                "flag. The search goes on. Whom does it find?",
                {
                    "the other process": "It would be next. But the hog still holds most memory, "
                    "and now it may be chosen again.",
                    "the hog again": "It is still the worst process there is: it is chosen, tried, "
                    "given up, and chosen again.",
                    "none: it panics": "Two processes may be killed. The search finds one.",
                },
                right="the hog again",
                model=lambda: (
                    "the hog again"
                    if set(
                        stuck_writer(
                            "linux-4.6", gave_up="unmark", most_steps=30_000
                        ).outcome.victims
                    )
                    == {"hog"}
                    else "the other process"
                ),
            ),
        ),
        shows=lambda: stuck_writer("linux-4.6"),
    ),
}
