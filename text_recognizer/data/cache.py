"""Prepared images on disk, made once and then mapped into memory by as many processes as like to.

One folder per set, named by a digest of all that decides its bytes, with an array per file. A set of lines has

    pixels.npy    uint8, all images one after another, row by row
    widths.npy    int64, the width of each; all have the same height

The place is TEXT_RECOGNIZER_CACHE, else `text_recognizer` in XDG_CACHE_HOME or ~/.cache. Everything there may be deleted
at any time while no training starts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from text_recognizer.data.preparing import counted, tell

PATIENCE = 5.0  # seconds of a wait of which nothing is said
Images = tuple[np.ndarray, ...]
Arrays = Mapping[str, np.ndarray]


def cache_root() -> Path:
    """Where prepared images are kept."""
    given = os.environ.get("TEXT_RECOGNIZER_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "text_recognizer"


def stamp(file: Path) -> list[str | int]:
    """What tells this file from any other, and from itself as it was before, for a key. Raises FileNotFoundError."""
    state = file.stat()
    return [str(file.absolute()), state.st_size, state.st_mtime_ns]


def cached(key: Any, height: int, make: Callable[[], Iterable[np.ndarray]], of: int = 0) -> Images:
    """The images that `make` gives one by one, uint8 (height, width) each; see `cached_arrays`. Where they take long, people see
    how many there are by now, and `of` how many."""
    arrays = cached_arrays(key, ("pixels", "widths"), lambda: _joined(list(counted(make(), of))))
    pixels, widths = arrays["pixels"], np.asarray(arrays["widths"])
    ends = np.cumsum(widths * height)
    return tuple(pixels[end - w * height : end].reshape(height, w) for end, w in zip(ends, widths, strict=True))


def cached_arrays(key: Any, names: Sequence[str], make: Callable[[], Arrays]) -> Arrays:
    """The arrays that `make` gives under these names, mapped, made by the first process that asks for this key (JSON).

    Others that ask meanwhile wait for it; a maker that is killed leaves nothing that anyone would read. What is damaged, or
    was deleted in part, is made anew. Where the place cannot be written, or has no room, the arrays are made in memory, each
    time anew.
    """
    made: list[Arrays] = []

    def make_and_keep() -> Arrays:
        made.append(make())
        return made[0]

    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    place = cache_root() / digest
    arrays = _kept(place, names)
    if arrays is None:
        try:
            _make_once(place, names, make_and_keep)
        except OSError:
            return made[0] if made else make()
        arrays = _kept(place, names)
    if arrays is None:
        return made[0] if made else make()
    return arrays


def _kept(place: Path, names: Sequence[str]) -> Arrays | None:
    """The arrays there; nothing where one of them is missing or, after a power cut, not whole."""
    try:
        return {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in names}
    except (OSError, ValueError, EOFError):
        return None


def _make_once(place: Path, names: Sequence[str], make: Callable[[], Arrays]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.with_name(f"{place.name}.lock")):
        if _kept(place, names) is not None:
            return
        if place.is_dir():
            shutil.rmtree(place)  # whoever has mapped it keeps what is mapped
        for part in place.parent.glob(f"{place.name}.*.part"):  # we hold the lock, so its maker is dead
            shutil.rmtree(part)
        part = place.with_name(f"{place.name}.{os.getpid()}.part")
        part.mkdir()
        try:
            _write(part, make())
            part.rename(place)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)  # a full disk needs the room
            raise


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Who waits long for another process says so."""
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(timeout=PATIENCE)
    except Timeout:
        tell("another process prepares these images; waiting for it")
        held.acquire()
    try:
        yield
    finally:
        held.release()


def _write(folder: Path, arrays: Arrays) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def _joined(images: list[np.ndarray]) -> Arrays:
    pixels = np.concatenate([image.ravel() for image in images] or [np.zeros(0, np.uint8)])
    return {"pixels": pixels, "widths": np.array([image.shape[1] for image in images], dtype=np.int64)}
