"""What git knows of the code that an attempt runs: the commit, the branch, and what nobody has committed yet.

The commit and the branch are read from git's files (`code`). What is not committed only git can tell, and it has to look at every
file: that is asked once for many starts (`origins`). Nothing here writes into the checkout, not even git's index.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scheduler.queue.code import branch_at, commit_at, git_directory, work_tree
from scheduler.values import dataclass

LARGEST_PATCH = 1 << 20  # bytes, compressed
_READ = 16 * LARGEST_PATCH  # bytes of a patch that are looked at; what is larger does not get that small
MOST_NAMES = 1000  # untracked files that are named
_SMALL = 64 << 10  # bytes of an untracked file that is kept whole
_KEPT = (".py", ".sh")  # no data, and no place where people keep passwords
_LOOKED_AT = 2000  # files in untracked folders
_PATIENCE = 5.0  # seconds for git
_PLAIN = re.compile(r"[\w][\w./ +-]*")  # a name that a patch has without quotes
_HERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS")


@dataclass(frozen=True)
class Checkout:
    """A work tree of git as it was at a moment. `branch` "": none was checked out. `patch`, compressed: what differs from the
    commit, with small untracked scripts as new files. `untracked`: names, folders with a / behind them. `missing`: why the patch
    is not all that differs; "" where it is."""

    root: str
    commit: str
    branch: str = ""
    patch: bytes = b""
    untracked: tuple[str, ...] = ()
    missing: str = ""

    @property
    def is_dirty(self) -> bool:
        """Whether something that git tracks differed from the commit, or nobody knows."""
        return bool(self.patch or self.missing)

    @property
    def diff(self) -> bytes:
        """For `git apply`."""
        return zlib.decompress(self.patch) if self.patch else b""

    def as_object(self) -> dict[str, Any]:
        """For programs, without the patch."""
        names = ("root", "commit", "branch", "missing")
        return {**{name: getattr(self, name) for name in names}, "dirty": self.is_dirty, "untracked": list(self.untracked)}


def checkout_of(directory: str) -> tuple[str, str, str] | None:
    """The root of the checkout around a directory, its commit and its branch, without asking git; None where there is none, or
    nothing is committed."""
    commit = commit_at(directory)
    return (work_tree(directory), commit, branch_at(directory)) if commit else None


def look(root: str, commit: str, branch: str) -> Checkout:
    """The checkout with what is not committed. What git does not tell, or not within seconds, is said to be missing."""
    try:
        patch = _with_an_index_of_our_own(root, "diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD", "--")
        names = _untracked(root)
    except (OSError, subprocess.SubprocessError) as error:
        return Checkout(root, commit, branch, missing=f"git did not tell what was not committed ({_words(error)})")
    texts = b"".join(_as_new(name, text) for name, text in _small_scripts(root, names))
    untracked = tuple(name.encode(errors="backslashreplace").decode() for name in names[:MOST_NAMES])
    packed = zlib.compress(patch + texts) if len(patch) < _READ and (patch or texts) else b""
    if len(packed) > LARGEST_PATCH or len(patch) >= _READ:
        return Checkout(root, commit, branch, b"", untracked, f"its patch is larger than {LARGEST_PATCH >> 20} MiB, compressed")
    return Checkout(root, commit, branch, packed, untracked)


def names_that_differ(root: str) -> list[str]:
    """What is not as in the commit, sorted: the names that git tracks, and the untracked scripts that are kept. Nobody's
    configuration of how differences are shown matters. OSError with the reason where git does not tell, or not within seconds."""
    words = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=untracked", "-z", "HEAD", "--")
    try:
        changed = _with_an_index_of_our_own(root, "-c", "diff.autoRefreshIndex=true", *words)
        untracked = _untracked(root)
    except (OSError, subprocess.SubprocessError) as error:
        raise OSError(f"git does not tell what is not committed ({_words(error)})") from error
    if len(changed) >= _READ:
        raise OSError("more differs from the commit than is looked at")
    return sorted({*_names(changed), *(name for name, _ in _small_scripts(root, untracked))})


def names_kept(root: str) -> list[str]:
    """What git tracks there, and what it neither tracks nor ignores; a checkout within is one name. OSError with the reason where
    git does not tell, or not within seconds."""
    try:
        found = _output(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    except (OSError, subprocess.SubprocessError) as error:
        raise OSError(f"git does not tell which files there are ({_words(error)})") from error
    if len(found) >= _READ:
        raise OSError("there are more files than are looked at")
    return sorted(set(_names(found)))


def git(directory: str | Path, *words: str) -> list[str]:
    """A command line of git that asks there, and runs no program of the user's configuration on its way."""
    return ["git", "-C", str(directory), "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=true", *words]


def git_environment() -> dict[str, str]:
    """In which no variable says that another checkout is meant."""
    return {**{name: value for name, value in os.environ.items() if name not in _HERE}, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _untracked(root: str) -> list[str]:
    return _names(_output(root, "ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z"))


def _names(told: bytes) -> list[str]:
    return [os.fsdecode(name) for name in told.split(b"\0") if name]


def _with_an_index_of_our_own(root: str, *words: str) -> bytes:
    """`diff` writes what it has found out into the index, under its lock, and a commit of that moment would fail."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="exp-queue-") as folder:
        index = f"{folder}/index"
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(f"{git_directory(root)}/index", index)  # with its time, by which git knows what it has to read
        return _output(root, *words, GIT_INDEX_FILE=index)


def _output(root: str, *words: str, **variables: str) -> bytes:
    """At most so much of it as is looked at. A session of its own: a Ctrl-C is not meant for it."""
    with subprocess.Popen(
        git(root, *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**git_environment(), **variables},
        start_new_session=True,
    ) as process:
        try:
            found = _within(process, _PATIENCE)
        except BaseException:
            process.kill()
            raise
        if len(found) >= _READ:
            process.kill()
        elif process.wait():
            raise subprocess.CalledProcessError(process.returncode, "git")
        return found


def _within(process: subprocess.Popen, seconds: float) -> bytes:
    import threading

    assert process.stdout
    late = threading.Timer(seconds, process.kill)
    late.daemon = True
    late.start()
    try:
        found = process.stdout.read(_READ)
    finally:
        late.cancel()
    return found


def _words(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return "it was too slow" if error.returncode < 0 else f"exit status {error.returncode}"
    return "there is none" if isinstance(error, FileNotFoundError) else str(error)


def _small_scripts(root: str, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Untracked scripts that are worth keeping whole, also in folders that are untracked as a whole."""
    for name in sorted({inner for each in names[:MOST_NAMES] for inner in _within_folder(root, each)}):
        if not (name.endswith(_KEPT) and _PLAIN.fullmatch(name)):
            continue
        with contextlib.suppress(OSError):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _SMALL:
                text = path.read_bytes()
                if b"\0" not in text:
                    yield name, text


def _within_folder(root: str, name: str) -> list[str]:
    if not name.endswith("/"):
        return [name]
    found: list[str] = []
    for folder, below, files in os.walk(os.path.join(root, name)):  # noqa: PTH118
        below[:] = [] if ".git" in [*below, *files] else sorted(each for each in below if each[:1] not in "._")
        found += [os.path.relpath(os.path.join(folder, file), root) for file in sorted(files)]  # noqa: PTH118
        if len(found) > _LOOKED_AT:
            break
    return found[:_LOOKED_AT]


def _as_new(name: str, text: bytes) -> bytes:
    """As `git diff` shows a file that was added. https://git-scm.com/docs/diff-format"""
    head = f"diff --git a/{name} b/{name}\nnew file mode 100644\n".encode()
    if not text:
        return head
    lines = text.split(b"\n")
    closed = lines.pop() if text.endswith(b"\n") else None
    body = b"".join(b"+" + line + b"\n" for line in lines)
    end = b"" if closed is not None else b"\\ No newline at end of file\n"
    return head + f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{len(lines)} @@\n".encode() + body + end
