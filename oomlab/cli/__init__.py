"""The command line: thin. Every command calls one function and prints what it returns.

A wrong name or value ends with one sentence; there is never a traceback. The exit status:

    0    done; of explore: the property holds in every schedule; of check: all are as claimed
    1    explore: the property is violated; check: a sheet is not as claimed; explain: there is no
         such report; grade: see its help
    2    a word of the command line makes no sense, or a file cannot be read or written
    3    explore: the search was ended by its bound, or was random and found nothing
    130  Ctrl-C;  141  who read the output has closed it
"""

import os
import sys

from .status import BROKEN, CLOSED, INTERRUPTED, OK, WRONG

LONGEST = 4096  # characters of a word: no path is longer


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status. Help, --version and wrong words raise SystemExit."""
    try:
        return carried_out(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        drop_the_buffer()
        return CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED


def carried_out(words: list[str]) -> int:
    """The command, with a sentence for what is wrong."""
    from .parser import command_line  # here, so that Ctrl-C while it loads is quiet, too
    from .ticker import ticking

    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed, as >&- does in a shell
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without Unicode must not end the answer
            stream.reconfigure(errors="backslashreplace")
    try:
        must_have_a_length(words)
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
        drop_the_buffer()
        where = f"{wrong.filename}: " if wrong.filename else ""
        return said(f"{where}{wrong.strerror or wrong}")
    except Exception as fault:
        from ..explorer.errors import ExplorerFault

        if not isinstance(fault, ExplorerFault):
            raise
        return said(str(fault), BROKEN)


def drop_the_buffer() -> None:
    """What cannot be printed goes nowhere, or Python would try it once more at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def must_have_a_length(words: list[str]) -> None:
    """ValueError for an empty word, which as a path would mean this folder, and for a huge one."""
    for word in words:
        if len(word) > LONGEST:
            raise ValueError(f"a word has {len(word)} characters, at most {LONGEST} make sense")
        name, equals, value = word.partition("=")
        if not word or (word.startswith("--") and equals and not value):
            raise ValueError(f"{name or 'a word'} is empty; is a variable of the shell not set?")


def said(sentence: str, status: int = WRONG) -> int:
    """Print what is wrong; the exit status."""
    print(f"oomlab: {sentence}", file=sys.stderr)
    return status
