"""The site from this machine, to this machine: `oomlab serve [DIR]`.

`make site` builds it; any static host can serve it. This one is for a look without a host.
"""

import argparse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE_ONLY = "127.0.0.1"


class Quiet(SimpleHTTPRequestHandler):
    """Files of one folder; a page is asked for again after each build, and no line is logged."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path):
        """A folder without a page is no page."""
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `oomlab serve`."""
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("_site"), metavar="DIR", help="default: _site"
    )
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free (default 8000)")
    parser.set_defaults(command=serve)


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of this folder on this machine's own address. ValueError if it cannot be."""
    if not (folder / "index.html").is_file():
        raise ValueError(f"there is no site in {folder}: `make site` in a checkout builds it")
    try:
        return ThreadingHTTPServer((HERE_ONLY, port), partial(Quiet, directory=str(folder)))
    except (OSError, OverflowError) as wrong:
        raise ValueError(f"port {port} cannot be had ({wrong}); try --port 0") from None


def serve(args: argparse.Namespace) -> int:
    """The command: print the address, and serve until Ctrl-C."""
    with server(args.folder, args.port) as serving:
        print(f"http://{HERE_ONLY}:{serving.server_port}/  (Ctrl-C ends it)", flush=True)
        serving.serve_forever()
    return 0
