"""Bring a run back into a folder of its own: its code, its configuration, what it has left. The checkout that it ran in is only
read."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scheduler.actions.advance import Advance, nobody
from scheduler.errors import UserError
from scheduler.experiments.again import file_of
from scheduler.linux.blocks import next_data
from scheduler.queue.checkout import Checkout, git, git_environment
from scheduler.queue.job import Attempt, Job
from scheduler.queue.origin_rows import origin_of
from scheduler.queue.store import Store
from scheduler.sweeps.engine.checkpoints import ENDINGS
from scheduler.values import dataclass

PIECE = 1 << 24  # bytes copied between two words about it
ATTEMPT = "attempt"  # where in the folder its files lie
NAME = "experiment.yaml"


@dataclass(frozen=True)
class Part:
    """What was written, and what is missing of it; "" for nothing."""

    written: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class BroughtBack:
    """What is there now: `there` and `missing` are sentences. `file`: what runs the job again, from the folder it lies in."""

    directory: Path
    attempt: int | None
    file: Path
    there: tuple[str, ...]
    missing: tuple[str, ...]


def bring_back(store: Store, job: Job, directory: Path, advance: Advance = nobody) -> BroughtBack:
    """The latest attempt of `job`, in this folder, which is made. `advance` hears what is done, how much of it by now, and of how
    much in all. UserError where there is something already, or no room: then
    nothing is there that was not before."""
    place = Path(os.path.abspath(directory))  # noqa: PTH100 (a link at its end stays one, and is in the way)
    _refuse_what_is_there(place)
    attempt = store.latest_attempts([job]).get(job.id)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=_parent(place)))
        try:
            fresh.chmod(0o755)
            found = _filled(store, job, attempt, fresh, place, advance)
            fresh.rename(place)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"{place} cannot be written ({error.strerror or error}); nothing is there",
            next_step="see the disk's free space and permissions, or name another folder",
        ) from None
    return found


def _refuse_what_is_there(place: Path) -> None:
    if not os.path.lexists(place):
        return
    if place.is_symlink() or not place.is_dir() or any(place.iterdir()):
        raise UserError(f"{place} is there already, and not empty; nothing was touched", next_step="name a new folder")


def _parent(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.parent


def _filled(store: Store, job: Job, attempt: Attempt | None, fresh: Path, place: Path, advance: Advance) -> BroughtBack:
    origin = origin_of(store, attempt) if attempt else None
    checkout = origin.checkout if origin else None
    code = _code(checkout, fresh) if checkout else Part(trouble=_why_no_code(job, attempt))
    within = _within(job, checkout) if checkout and code.written else Path()
    (fresh / within).mkdir(parents=True, exist_ok=True)
    file = _free(fresh / within, NAME)
    moves = [(checkout.root, fresh)] if checkout and code.written else []
    for word in job.argv:
        if os.path.isabs(word) and job.experiment in word and Path(word).is_file():  # its ${args_json_file}  # noqa: PTH117
            moves.append((word, Path(shutil.copy(word, _free(fresh / within, "arguments.json")))))
    file.write_text(file_of(job, lambda path: _moved(path, moves, fresh, place)), encoding="utf-8")
    files = _files(attempt, fresh, advance)
    return BroughtBack(
        place,
        attempt.number if attempt else None,
        place / file.relative_to(fresh),
        tuple(filter(None, (code.written, "the configuration and the command", files.written))),
        tuple(filter(None, (code.trouble, files.trouble))),
    )


def _moved(path: str, moves: Sequence[tuple[str, Path]], fresh: Path, place: Path) -> str:
    """A path below one of these is one in the new folder, if it is there: an environment in the checkout stays where it is."""
    for old, new in moves:
        if path == old or path.startswith(f"{old}/"):
            there = Path(f"{new}{path[len(old) :]}")
            if there.exists():
                return str(place / there.relative_to(fresh))
    return path


# The code.


def _why_no_code(job: Job, attempt: Attempt | None) -> str:
    if attempt is None:
        return "no code: it is known when the job starts"
    if attempt.origin is None:
        return "no code: the job ran before exp-queue kept where attempts come from"
    return f"no code: {job.cwd} was in no git checkout"


def _code(checkout: Checkout, fresh: Path) -> Part:
    """Write the files of the commit, and the patch over them."""
    short = checkout.commit[:12]
    if trouble := _why_not(checkout):
        return Part(trouble=f"no code: {trouble}")
    with tempfile.TemporaryDirectory(prefix="exp-queue-") as folder:
        index = f"{folder}/index"
        for words in (("read-tree", checkout.commit), ("checkout-index", "--all", f"--prefix={fresh}/")):
            if trouble := _run(checkout.root, *words, index=index):
                return Part(trouble=f"no code: git cannot write it ({trouble})")
    trouble = checkout.missing
    if checkout.patch and (said := _run(str(fresh), "apply", "--whitespace=nowarn", "-", given=checkout.diff, above=fresh)):
        trouble = f"git cannot apply the patch ({said})"
    if trouble:
        return Part(f"the code of commit {short}", f"what was not committed: {trouble}")
    return Part(f"the code of commit {short}{', with what was not committed' if checkout.patch else ''}")


def _why_not(checkout: Checkout) -> str:
    if not Path(checkout.root).is_dir():
        return f"the checkout {checkout.root} is gone"
    said = _run(checkout.root, "cat-file", "-e", f"{checkout.commit}^{{commit}}")
    if "not a git repository" in said:
        return f"{checkout.root} is no git checkout any more"
    return said and f"commit {checkout.commit[:12]} is not in {checkout.root} any more: rebased, and pruned"


def _run(directory: str, *words: str, index: str = "", given: bytes = b"", above: Path | None = None) -> str:
    """What git complains of; "" where it succeeds. `above`: a folder that is in no checkout, whatever lies around it."""
    own = {"GIT_INDEX_FILE": index} if index else {}
    own |= {"GIT_CEILING_DIRECTORIES": str(above.parent.resolve())} if above else {}
    try:
        environment = {**git_environment(), **own}
        done = subprocess.run(git(directory, *words), input=given, capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        return "there is no git"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return (said[-1] if said else f"exit status {done.returncode}") if done.returncode else ""


# The files.


def _within(job: Job, checkout: Checkout) -> Path:
    """Where in the checkout the command starts."""
    try:
        return Path(os.path.realpath(job.cwd)).relative_to(checkout.root)
    except ValueError:
        return Path()


def _free(folder: Path, name: str) -> Path:
    """The code may have a file of that name."""
    found, number = folder / name, 1
    while os.path.lexists(found):
        number += 1
        found = (folder / name).with_stem(f"{Path(name).stem}-{number}")
    return found


def _files(attempt: Attempt | None, fresh: Path, advance: Advance) -> Part:
    """Copy what an attempt has left, of several checkpoints in a folder the best one."""
    if attempt is None:
        return Part(trouble="files: the job has not run")
    source, target = Path(attempt.directory), _free(fresh, ATTEMPT)
    if not source.is_dir():
        return Part(trouble=f"the files of attempt {attempt.number}: {source} is gone")
    target.mkdir()
    paths = list(_worth_keeping(source))
    done, total = 0, sum(path.stat().st_size for path in paths)
    for path in paths:
        into = target / path.relative_to(source)
        into.parent.mkdir(parents=True, exist_ok=True)
        for more in _copied(path, into):
            done += more
            advance(f"copying the files of attempt {attempt.number}", done, total)
    return Part(f"{len(paths)} file{'s' * (len(paths) != 1)} of attempt {attempt.number}, in {target.name}/")


def _copied(path: Path, into: Path) -> Iterator[int]:
    """Copy a file with its times and rights, its holes as holes: the log of a flood has hundreds of gigabytes of them. Yields the
    bytes of each piece: a checkpoint may take minutes."""
    with path.open("rb") as source, into.open("wb") as target:
        place, size = 0, os.fstat(source.fileno()).st_size
        while place < size:
            start = place
            place = next_data(source.fileno(), start, size)
            if place < size:
                end = min(os.lseek(source.fileno(), place, os.SEEK_HOLE), place + PIECE)
                os.lseek(target.fileno(), place, os.SEEK_SET)
                if not (sent := os.sendfile(target.fileno(), source.fileno(), place, end - place)):  # it has been cut meanwhile
                    break
                place += sent
            yield place - start
        target.truncate(place)
    shutil.copystat(path, into)


def _worth_keeping(source: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(source):
        below.sort()
        paths = [path for path in (Path(folder, name) for name in sorted(names)) if path.is_file()]
        checkpoints = [path for path in paths if path.suffix in ENDINGS]
        best = [path for path in checkpoints if "best" in path.name.lower()]
        newest = sorted(checkpoints, key=lambda path: path.stat().st_mtime_ns)[-1:]
        left_out = set(checkpoints) - set(best or newest)
        yield from (path for path in paths if path not in left_out)
