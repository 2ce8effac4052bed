"""Progress goes when the answer comes, and Stop shows what is known and stops what it should."""

import queue
import subprocess
import sys
import time

import pytest

from oomlab.explorer.progress import on_a_terminal

LONG = "explore('lost-victim', 'handa', victims=7, vmas=7, symmetry=False, max_states=10**7)"


def test_a_terminal_line_is_blank_at_the_end(capsys):
    with on_a_terminal() as tell:
        tell(100, 10, 0.5)
        tell(5, 1, 1.0)
    said = capsys.readouterr().err
    assert "100 states, 10 waiting, 200 a second" in said
    assert said.endswith("\r") and not said.split("\r")[-2].strip()
    widths = [len(part) for part in said.split("\r")[1:-1]]
    assert widths == sorted(widths)  # nothing of a longer line is left


def test_on_the_command_line_an_interrupt_prints_what_is_known():
    words = ["explore", "lost-victim", "--policy", "handa", "--set", "victims=7", "--set", "vmas=7"]
    code = (
        "import _thread, threading, oomlab.cli\n"
        "threading.Timer(1, _thread.interrupt_main).start()\n"
        f"raise SystemExit(oomlab.cli.main({words}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 130 and "before the search was ended" in run.stdout
    assert "Traceback" not in run.stderr


@pytest.fixture
def kernel():
    manager = pytest.importorskip("jupyter_client.manager")
    started, client = manager.start_new_kernel(kernel_name="python3")
    yield started, client
    client.stop_channels()
    started.shutdown_kernel(now=True)


def messages(client, until, seconds: float = 60):
    """What the kernel publishes, until a message for which until(kind, content) is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        kind, content = message["msg_type"], message["content"]
        yield kind, content
        if until(kind, content):
            return
    raise AssertionError("the kernel did not answer in time")


def test_one_press_of_stop_ends_the_cell_its_loop_and_the_queue(kernel):
    """And shows what is known; the progress has gone."""
    started, client = kernel
    client.execute("from oomlab import explore", reply=True)
    client.execute(f"for _ in range(3):\n    found = {LONG}")
    after = client.execute("print('not stopped')")
    shown = None
    for kind, content in messages(client, lambda kind, _: kind == "display_data"):
        shown = content if kind == "display_data" else shown
    assert "waiting" in shown["data"]["text/plain"]
    started.interrupt_kernel()
    last, error = shown["data"], None
    for kind, content in messages(client, lambda kind, _: kind == "error"):
        last = content["data"] if kind == "update_display_data" else last
        error = content if kind == "error" else error
    assert last == {}
    assert "before the search was ended" in " ".join(error["traceback"])
    assert "most recent call" not in "\n".join(error["traceback"])
    while (reply := client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != after:
        pass
    assert reply["content"]["status"] == "aborted"
    client.execute("import sys; print(sys.last_value.found.verdict)")
    said = [c.get("text", "") for k, c in messages(client, lambda k, _: k == "stream")]
    assert "bound-reached" in "".join(said)
