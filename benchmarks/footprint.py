"""What it costs to have oomlab at hand: importing it, one run of a lesson's size, and memory."""

from measure import python, table

NOTEBOOK = """
import oomlab, time
def once():
    began = time.process_time()
    run = oomlab.run("oom-storm", "linux-4.6", trace=True, tasks=20, allocations=10_000)
    return time.process_time() - began, run.step_count
once()
print(__import__("json").dumps(min(once() for _ in range(5))))
"""

MEMORY = """
import oomlab, tracemalloc
tracemalloc.start()
oomlab.run("oom-storm", "linux-4.6", trace=False, tasks={tasks}, allocations={allocations})
print(tracemalloc.get_traced_memory()[1] // 1024)
"""


def main(repeat: int = 7) -> None:
    """Print seconds and kB with their goals."""
    bare, _ = python("pass", repeat)
    full, _ = python("import oomlab", repeat)
    _, (seconds, steps) = python(NOTEBOOK)
    rows = [
        ["import oomlab, over a bare python", f"{1000 * (full - bare):.0f} ms", "60 ms"],
        [f"5000 of {steps} steps of 20 tasks, traced", f"{5e6 * seconds / steps:.0f} ms", "25 ms"],
    ]
    table("Time", ["", "CPU", "goal"], rows)

    rows = []
    for tasks, allocations in ((20, 20_000), (20, 200_000), (40, 200_000)):
        _, peak = python(MEMORY.format(tasks=tasks, allocations=allocations))
        rows.append([f"{tasks} tasks, {allocations} page faults", f"{peak} kB"])
    table("Peak memory of an untraced run: with the tasks, not with the steps", ["", "peak"], rows)


if __name__ == "__main__":
    main()
