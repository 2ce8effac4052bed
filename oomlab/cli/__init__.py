"""The command line: thin. Every command calls one function and prints what it returns.

A wrong name or value ends with one sentence; there is never a traceback. The exit status:

    0    done; of explore: the property holds in every schedule; of check: all are as claimed
    1    explore: the property is violated; check: a sheet is not as claimed; grade: see its help
    2    a word of the command line makes no sense, or a file cannot be read or written
    3    explore: the search was ended by its bound, or was random and found nothing
    130  Ctrl-C;  141  who read the output has closed it
"""

import os
import sys

from .status import BROKEN, CLOSED, INTERRUPTED, OK, WRONG


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status. Help, --version and wrong words raise SystemExit."""
    try:
        return carried_out(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        # what is still in the buffer goes nowhere, or Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED


def carried_out(words: list[str]) -> int:
    """The command, with a sentence for what is wrong."""
    from .parser import command_line  # here, so that Ctrl-C while it loads is quiet, too
    from .ticker import ticking

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without Unicode must not end the answer
            stream.reconfigure(errors="backslashreplace")
    try:
        args = command_line(words).parse_args(words)
        with ticking(args.ticks):
            status = args.command(args) or OK
            sys.stdout.flush()
        return status
    except BrokenPipeError:
        raise
    except ModuleNotFoundError as missing:
        return said(f"this needs {missing.name}: pip install 'oomlab[lab]' (make lab does)")
    except ValueError as wrong:
        return said(str(wrong))
    except OSError as wrong:
        where = f"{wrong.filename}: " if wrong.filename else ""
        return said(f"{where}{wrong.strerror or wrong}")
    except Exception as fault:
        from ..explorer.errors import ExplorerFault

        if not isinstance(fault, ExplorerFault):
            raise
        return said(str(fault), BROKEN)


def said(sentence: str, status: int = WRONG) -> int:
    """Print what is wrong; the exit status."""
    print(f"oomlab: {sentence}", file=sys.stderr)
    return status
