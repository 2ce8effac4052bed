"""A JupyterLab of the test's own, and one notebook open in it, as a person would see them.

What a person, or their network, should never notice becomes a line in `complaints`: an error or
warning from the kernel (a widget's callback raises into a log that no test reads), an error in the
browser's console, and a request to any other machine. The fixture fails a test that leaves one.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

SETTINGS = Path(__file__).parents[2] / "oomlab" / "doors"  # as `oomlab lab` has them
ARTIFACTS = Path(__file__).parents[1] / "artifacts"
SESSION = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session"
IDLE = f"{SESSION}?.kernel?.status === 'idle'"
# Not before the first cell: JupyterLab asks a new kernel for its widgets, and a kernel that has
# not imported ipywidgets yet answers with a warning that no user sees.
KERNEL_TROUBLE_TO_CONSOLE = """let started = false;
kernel.iopubMessage.connect((_, {header, content}) => {
    started ||= header.msg_type === "execute_input";
    if (started && content.name === "stderr") console.error(content.text);
    if (started && content.ename) console.error(`${content.ename}: ${content.evalue}`);
})"""


class JupyterLab:
    """A server on a free local port, with settings, workspaces and runtime files of its own."""

    def __init__(self, home: Path):
        self.root = home / "root"
        self.root.mkdir()
        self.log = home / "server.log"
        self.token = secrets.token_hex()
        runtime = home / "runtime"
        own = {
            "JUPYTER_CONFIG_DIR": home / "config",
            "JUPYTER_CONFIG_PATH": SETTINGS,
            "JUPYTER_DATA_DIR": home / "data",
            "JUPYTER_RUNTIME_DIR": runtime,
            "JUPYTERLAB_SETTINGS_DIR": home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
            "IPYTHONDIR": home / "ipython",
        }
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={self.token}"),
                # The page can then be asked what it knows, instead of guessing from its pixels.
                *("--expose-app-in-browser", f"--ServerApp.root_dir={self.root}"),
            ],
            env=os.environ | {name: str(path) for name, path in own.items()},
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )
        info = runtime / f"jpserver-{self.process.pid}.json"
        while not (info.exists() and info.read_text()):  # it is there before it is written
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        self.url = json.loads(info.read_text())["url"]

    def stop(self):
        self.process.terminate()  # the server ends its kernels
        self.process.wait(20)


class Notebook:
    """One notebook, opened in a fresh workspace so that no earlier tab comes back."""

    def __init__(self, lab: JupyterLab, page, path: str):
        self.page, self.complaints = page, []
        page.on("console", lambda m: m.type == "error" and self.complaints.append(m.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._local(request.url))
        page.on("websocket", lambda socket: self._local(socket.url))
        workspace = secrets.token_hex(4)
        page.goto(f"{lab.url}lab/workspaces/{workspace}/tree/{path}?token={lab.token}")
        page.wait_for_function(IDLE)
        page.evaluate(f"{{ const {{kernel}} = {SESSION}; {KERNEL_TROUBLE_TO_CONSOLE} }}")

    def _local(self, url: str):
        if urlsplit(url).hostname not in (None, "127.0.0.1"):
            self.complaints.append(f"request to {url}")

    def run_all(self, seconds: float = 60):
        """Run every cell, wait until the kernel rests, and stop at once at a complaint."""
        self.page.evaluate(
            "{ window.ran = false; void jupyterapp.commands"
            ".execute('notebook:run-all-cells').finally(() => { window.ran = true; }); }"
        )
        self.page.wait_for_function("window.ran", timeout=seconds * 1000)
        self.rest()
        assert not self.complaints

    def rest(self):
        """Wait until the kernel is idle, and still is after what that let the page draw."""
        for _ in range(2):
            self.page.wait_for_timeout(150)
            self.page.wait_for_function(IDLE)

    def theme(self, name: str):
        """Show JupyterLab in one of its themes, "JupyterLab Light" or "JupyterLab Dark"."""
        command = f"jupyterapp.commands.execute('apputils:change-theme', {{theme: '{name}'}})"
        self.page.evaluate(command)
        light = str("Light" in name).lower()
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        self.page.wait_for_timeout(400)  # its style sheet arrives after its name

    def picture(self, name: str):
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def close(self):
        self.page.evaluate(f"{SESSION}.shutdown()")
        self.page.close()
