"""What lessons 1 to 3 ask: when is memory out, how much is kept back, who dies?"""

from math import log10

from ...model.memory import Zone
from ...simulate.run import run
from ..facts import below_min
from . import LessonQuestion, Place

GIB = 262144  # pages


def the_network_below_min() -> str:
    """Lesson 2's machine: does the network driver take pages below min?"""
    takes = "network" in below_min(run("marks", "linux-4.4"))
    return "yes, from the pages below min" if takes else "no, at min no request gets one"


PLACES = {
    "memory-runs-out": Place(
        "1",
        (
            LessonQuestion(
                "Memory is out, and a process must be killed. Which one?",
                {
                    "hog": "It holds some 600 pages, each worth a point, and nothing is said in "
                    "its favour. The other two have one point each.",
                    "writer1": "It holds a page or two, and -500 was written into its "
                    "oom_score_adj. What it holds is a lock, and the killer does not count locks.",
                    "filler": "It is the one that asks for more and more, but the killer does not "
                    "look at who asks. It counts what is held, and filler was given -900 in its "
                    "oom_score_adj: points are taken off.",
                    "init": "Process 1 is never chosen: without it the kernel cannot go on.",
                },
                right="hog",
                model=lambda: run("invisible-dependency", "linux-4.4").outcome.victims[0],
            ),
            LessonQuestion(
                "It gets SIGKILL. And then?",
                {
                    "it exits, and its pages let the others go on": "So it is on most days. But "
                    "this one sleeps in a wait that no signal ends, so it cannot exit.",
                    "nothing more happens, for ever": "It waits for a lock; who has the lock waits "
                    "for memory; and the killer waits for it to go.",
                    "a second process is killed, and that helps": "Linux 4.4 kills one at a time: "
                    "as long as a victim is there, the killer takes no other.",
                    "the kernel panics": "It would if no process could be killed. There is a "
                    "victim, and the kernel waits for it patiently.",
                },
                right="nothing more happens, for ever",
                model=lambda: {
                    "recovered": "it exits, and its pages let the others go on",
                    "deadlock": "nothing more happens, for ever",
                    "panic": "the kernel panics",
                }[run("invisible-dependency", "linux-4.4").outcome.verdict],
            ),
        ),
        shows=lambda: run("invisible-dependency", "linux-4.4"),
    ),
    "marks": Place(
        "2",
        (
            LessonQuestion(
                "The free pages of a machine stand at min. A packet arrives, and the driver of the "
                "network card needs a page for it. A driver may not sleep. Does it get the page?",
                {
                    "no, at min no request gets one": "Then each packet would be lost, although "
                    "pages are free. They are kept for requests like this one.",
                    "yes, from the pages below min": "It may not sleep, so it can neither reclaim "
                    "nor wait for a victim. For such a request the mark is lower.",
                    "it waits until kswapd has freed one": "Waiting is sleep, and the driver may "
                    "not sleep. Only other requests can wait.",
                },
                right="yes, from the pages below min",
                model=the_network_below_min,
            ),
            LessonQuestion(
                "A machine has 1 GiB, that is 262144 pages. About how many of them lie below min?",
                {
                    "100": "Then all requests that may not wait would share less than half a "
                    "megabyte.",
                    "1000": "1024 of them: 4 MB, or four thousandths of memory.",
                    "10000": "That would be four percent of memory, paid for and empty on every "
                    "ordinary day.",
                },
                right="1000",
                model=lambda: str(10 ** round(log10(Zone(GIB).min))),
            ),
            LessonQuestion(
                "Another machine has four times the memory. What does it keep back?",
                {
                    "the same": "The mark is no constant: a larger machine has more that may ask "
                    "at one moment.",
                    "twice as much": "It grows with the square root of memory: twice, for four "
                    "times.",
                    "four times as much": "A share that stays the same would make a machine of "
                    "1 TiB keep 4 GiB empty. The reserve grows more slowly than the memory.",
                },
                right="twice as much",
                model=lambda: {1: "the same", 2: "twice as much", 4: "four times as much"}[
                    Zone(4 * GIB).min // Zone(GIB).min
                ],
            ),
        ),
    ),
    "who-dies": Place(
        "3",
        (
            LessonQuestion(
                "The hog holds most of the memory and wants more; its three children hold four "
                "pages each. Who is killed first?",
                {
                    "the hog": "It is chosen, for it has by far the most points. But up to 5.0 a "
                    "child that has memory of its own dies in the place of its parent, since less "
                    "work is lost with it.",
                    "a child": "The hog is chosen, and a child dies for it: less work is lost.",
                    "neither": "Reclaim has found nothing, so a process must go, and all four of "
                    "these may be killed: only init is exempt.",
                },
                right="a child",
                model=lambda: {"h": "the hog", "c": "a child"}[
                    run("small-child", "linux-4.4").outcome.victims[0][0]
                ],
            ),
            LessonQuestion(
                "How many processes die until memory is no longer short?",
                {
                    "1": "Four pages come back with a child. The hog takes them and asks again.",
                    "3": "After three children the hog asks once more. It has no child left.",
                    "4": "Three children, for a few pages each; then the hog itself.",
                },
                right="4",
                model=lambda: str(len(run("small-child", "linux-4.4").outcome.victims)),
            ),
            LessonQuestion(
                "On another machine a service holds almost everything and wants more. Its "
                "administrator wrote -1000 into its oom_score_adj: never kill it. Three small "
                "processes may be killed. How does it end?",
                {
                    "the small ones die, and the service has enough": "They hold a few pages each, "
                    "and the service asks for more than that.",
                    "the service is killed as the last resort": "-1000 is an exemption. It is "
                    "never chosen, whatever happens.",
                    "the kernel panics": "The small ones die for nothing. Then no process is left "
                    "that may be killed, and the kernel gives up.",
                    "the service is refused the memory, and goes on": "A small request is not "
                    "refused: it is tried again until there is a page.",
                },
                right="the kernel panics",
                model=lambda: {
                    "recovered": "the small ones die, and the service has enough",
                    "panic": "the kernel panics",
                }[run("decoys", "linux-4.4", decoys=3).outcome.verdict],
            ),
        ),
        shows=lambda: run("small-child", "linux-4.4"),
    ),
}
