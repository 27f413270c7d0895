"""Words that people bring from other queues and shells, and what is said to a word that is no command: pure.

A word that only asks is answered. A word that would change something is pointed to its command and does nothing: what `stop` or
`rm` means elsewhere need not be what it would do here. And no suggestion starts, ends or replaces anything, unless the word is
plainly that command, mistyped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scheduler.errors import UserError, closest
from scheduler.queue.names import WORDS

# What is meant by a word that only asks.
ANSWERED = {
    **dict.fromkeys(("ls", "ps", "list", "jobs", "runs", "queue", "squeue", "gqueue", "stat"), ("status",)),
    **dict.fromkeys(("results", "result", "history", "sacct", "experiments"), ("status",)),
    **dict.fromkeys(("tail", "follow"), ("logs", "-f")),
    **dict.fromkeys(("log", "cat", "output", "out", "stdout", "stderr"), ("logs",)),
    **dict.fromkeys(("info", "job", "describe", "inspect"), ("show",)),
    **dict.fromkeys(("gpu", "sinfo", "ginfo", "nvidia-smi", "nvtop", "devices"), ("gpus",)),
    **dict.fromkeys(("validate", "lint"), ("check",)),
    "why": ("explain",),
    "version": ("--version",),
    "htop": ("top",),
    **dict.fromkeys(("monitor", "dashboard", "live", "progress"), ("watch",)),
    **dict.fromkeys(("diff", "versus", "vs", "side-by-side", "table"), ("compare",)),
    **dict.fromkeys(("leaderboard", "rank", "ranking", "winner"), ("best",)),
    **dict.fromkeys(("plot", "curve", "graph", "chart", "loss", "metrics"), ("curves",)),
    **dict.fromkeys(("manual", "docs", "usage", "commands"), ("man",)),
}
_STOP = "`exp-queue cancel JOB` stops a job that runs, and takes one that waits out of the queue"
_KEPT = "`exp-queue cancel JOB` takes a job that waits out of the queue; those that are over stay as a record"
_START = "`exp-queue run FILE` runs the experiments of a file, `exp-queue work` whatever is queued"
_SUBMIT = "`exp-queue submit FILE` queues the experiments of a file, `exp-queue run FILE` also runs them"
_AGAIN = "`exp-queue retry JOB` runs again what failed, `exp-queue run FILE --again` all experiments of a file"
_COMMAND = "`exp-queue exec -- COMMAND` runs one command on a GPU, `exp-queue run FILE` the experiments of a file"
_WORK = "there is no daemon: `exp-queue work --forever` runs what is queued now and later, until a Ctrl-C"
_PAUSE = "`exp-queue pause JOB` lets a job that runs stand still until `continue`, `hold JOB` one that waits until `release`"
_NOTE = "`exp-queue note JOB TEXT` writes a note about a job"
_TAG = "`exp-queue tag JOB... TAG` gives jobs a tag, `exp-queue status tag:TAG` finds them"
_RENAME = "`exp-queue rename JOB NAME` calls a job by another name"
_FILTER = "`exp-queue status 'lr<0.01 and failed'` lists the jobs that a filter leaves"
_INIT = "`exp-queue init FOLDER` writes samples to start from; `exp-queue check FILE` says whether a file is right"

# The way for a word that would change something, or that leaves a choice.
POINTED = {
    **dict.fromkeys(("kill", "stop", "scancel", "abort", "terminate", "end", "quit", "ctrl-c"), _STOP),
    **dict.fromkeys(("rm", "remove", "delete", "del", "clear", "clean", "purge", "reset", "flush"), _KEPT),
    **dict.fromkeys(("start", "go", "launch", "begin", "execute"), _START),
    **dict.fromkeys(("add", "sbatch", "gbatch", "batch", "enqueue", "push", "new", "schedule"), _SUBMIT),
    **dict.fromkeys(("restart", "rerun", "redo", "again", "requeue", "repeat"), _AGAIN),
    **dict.fromkeys(("srun", "salloc", "python", "python3", "bash", "sh", "command"), _COMMAND),
    **dict.fromkeys(("worker", "agent", "daemon", "server", "up"), _WORK),
    **dict.fromkeys(("suspend", "stash", "freeze", "block"), _PAUSE),
    **dict.fromkeys(("unstash", "unhold", "thaw", "unpause"), _PAUSE),
    "untag": "`exp-queue tag JOB... TAG --remove` takes a tag away",
    **dict.fromkeys(("annotate", "comment", "notes", "describe-run", "describe-as"), _NOTE),
    **dict.fromkeys(("label", "tags", "mark", "star"), _TAG),
    **dict.fromkeys(("mv", "name", "call"), _RENAME),
    **dict.fromkeys(("create", "scaffold", "quickstart", "example"), _INIT),
    **dict.fromkeys(
        ("csv", "dump", "save", "download"), "`exp-queue export JOB -o results.csv` writes what came out of jobs into a file"
    ),
    **dict.fromkeys(("completions", "autocomplete", "complete"), "`exp-queue completion bash` prints the script for bash"),
    **dict.fromkeys(("find", "grep", "search", "filter", "select", "where", "query"), _FILTER),
}

# Commands that only look. Any other is suggested for a plain mistyping of it alone.
LOOKING = (
    "prepare",
    "check",
    "watch",
    "top",
    "status",
    "show",
    "compare",
    "best",
    "curves",
    "sweeps",
    "trials",
    "logs",
    "gpus",
    "explain",
    "doctor",
)


def meant(words: Sequence[str], commands: Collection[str]) -> list[str]:
    """The command line that is meant by `words`, of which the first is no option and none of the `commands`. UserError, with the
    way, where it is not answered."""
    word, *others = words
    if word == "help":
        return _help(others, commands)
    if word in ANSWERED:
        return [*ANSWERED[word], *others]
    raise UserError(f'unknown command "{word}"', next_step=_way(word, commands))


def _help(about: Sequence[str], commands: Collection[str]) -> list[str]:
    if not about or about[0].startswith("-"):
        return ["--help"]
    known = about[0] in commands
    return [*([about[0]] if known else meant(about[:1], commands)), "--help"]


def _way(word: str, commands: Collection[str]) -> str:
    """What to type instead of `word`, in a clause."""
    if word in POINTED:
        return POINTED[word]
    if word in WORDS:
        return f"`exp-queue status {word}` lists such jobs"
    if word.endswith((".yaml", ".yml", ".json")):
        return f"`exp-queue run {word}` runs the experiments of a file, `exp-queue check {word}` looks whether it is right"
    mistyped = [command for command in commands if is_mistyped(word.lower(), command)]
    close = mistyped[0] if mistyped else closest(word.lower(), [command for command in commands if command in LOOKING])
    return f'did you mean "{close}"?' if close else "`exp-queue --help` lists the commands"


def is_mistyped(word: str, command: str) -> bool:
    """Whether one slip of a finger makes `word` of `command`: a letter left out, one too many, a wrong one, or two swapped."""
    if word == command:
        return True
    if len(word) == len(command):
        differing = [place for place, (one, other) in enumerate(zip(word, command, strict=True)) if one != other]
        return len(differing) == 1 or (len(differing) == 2 and _are_swapped(word, command, *differing))
    longer, shorter = sorted((word, command), key=len, reverse=True)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))


def _are_swapped(word: str, command: str, first: int, second: int) -> bool:
    return second == first + 1 and word[first] == command[second] and word[second] == command[first]
