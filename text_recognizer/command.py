"""What the commands of this package have in common: what a user can mend is one line on stderr, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

_OF_THE_RECOGNISER = ("HersheyFonts", "bidi", "numpy", "PIL", "rapidfuzz", "scipy", "torch")
_EXTRAS = dict.fromkeys(_OF_THE_RECOGNISER, "recognizer") | dict.fromkeys(("onnx", "onnxruntime", "onnxscript"), "export")


class _ReaderGone(Exception):
    """Whoever read the output has gone."""


def obeyed(program: str, action: Callable[[], int]) -> int:
    """The exit status of `action`: its own, or that of what it met; 130 after a Ctrl-C. A reader of the output who has gone
    (`| head`) has what it wanted: 0."""
    try:
        return action()
    except KeyboardInterrupt:
        return _fail(program, "interrupted", 130)
    except _ReaderGone:
        # What is still buffered must not make Python complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        extra = _EXTRAS[error.name]
        what = "the recogniser" if extra == "recognizer" else f"what {extra} needs"
        return _fail(program, f"{error.name} is not installed; install {what}: pip install 'exp-queue[{extra}]'", 1)
    except OSError as error:
        return _fail(program, _in_words(error), 1)
    except Exception as error:
        if not hasattr(error, "exit_status"):
            raise
        return _fail(program, str(error), error.exit_status)


def print_anyhow(line: str) -> None:
    """A line on standard output, at once, even where its encoding lacks a character: names of files may hold any byte."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError as error:
        raise _ReaderGone from error


def _in_words(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no room left: {error}; make room and start it again"
    if error.filename is None or not error.strerror:
        return str(error)
    return f"{os.fsdecode(error.filename)}: {error.strerror}; mend that and start it again"


def _fail(program: str, message: str, status: int) -> int:
    print(f"{program}: {message}", file=sys.stderr)
    return status
