"""The cache of prepared images with real processes and real locks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from tests.conftest import user_environment  # noqa: E402
from tests.small_disk import small_disk  # noqa: E402
from text_recognizer.data.cache import cached  # noqa: E402

MAKE = """
import sys, time, pathlib
import numpy as np
from text_recognizer.data.cache import cached
made = pathlib.Path(sys.argv[1])
def make():
    with made.open("a") as file:
        file.write("x")
    while sys.argv[2] == "hang":
        time.sleep(1)
    time.sleep(0.5)  # time for the others to arrive
    return [np.full((4, w), w, np.uint8) for w in (3, 9)]
images = cached({"set": 1}, 4, make)
print([i.shape for i in images], [int(i.sum()) for i in images])
"""
EXPECTED = "[(4, 3), (4, 9)] [36, 324]"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def started(made: Path, cache: Path, how: str = "") -> subprocess.Popen[str]:
    environment = user_environment(TEXT_RECOGNIZER_CACHE=str(cache))
    return subprocess.Popen([sys.executable, "-c", MAKE, made, how], env=environment, stdout=subprocess.PIPE, text=True)


def test_processes_that_start_together_make_the_images_once(tmp_path: Path, cache: Path) -> None:
    """A grid of eight trainings would otherwise prepare a whole archive eight times over, into one another's files."""
    processes = [started(tmp_path / "made", cache) for _ in range(4)]
    assert [p.communicate()[0].strip() for p in processes] == [EXPECTED] * 4
    assert (tmp_path / "made").read_text() == "x"


def test_a_maker_that_is_killed_leaves_nothing_to_be_read(tmp_path: Path, cache: Path, until) -> None:
    """Half a cache that looks whole would be trained on for ever after."""
    made = tmp_path / "made"
    maker = started(made, cache, "hang")
    until(made.exists)
    maker.kill()
    maker.communicate()
    assert started(made, cache).communicate()[0].strip() == EXPECTED
    assert not list(cache.glob("*.part"))


def test_the_images_are_mapped_and_cannot_be_written_to(cache: Path) -> None:
    """A training that changed them would change them for all others, and for ever."""
    made = [np.arange(12, dtype=np.uint8).reshape(4, 3)]
    (image,) = cached("key", 4, lambda: made)
    assert np.array_equal(image, made[0])
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 1


def test_another_key_is_another_set(cache: Path) -> None:
    """A changed picture must not be read as the old one."""
    one, two = (cached({"size": n}, 2, lambda n=n: [np.full((2, 2), n, np.uint8)]) for n in (1, 2))
    assert (int(one[0][0, 0]), int(two[0][0, 0])) == (1, 2)
    assert cached("none", 2, list) == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_costs_time_but_no_training(cache: Path) -> None:
    """Read-only homes are common on shared machines."""
    cache.mkdir()
    cache.chmod(0o500)
    assert len(cached("key", 4, lambda: [np.zeros((4, 4), np.uint8)])) == 1


def test_a_place_that_cannot_be_made_costs_time_but_no_training(cache: Path) -> None:
    """A home on a read-only file system fails in other words than one without permission; so does a file in the way."""
    cache.write_text("a file where the folder should be")
    assert len(cached("key", 4, lambda: [np.zeros((4, 4), np.uint8)])) == 1


def test_a_full_disk_costs_no_training_and_keeps_its_room(cache: Path) -> None:
    """The images are there, made once, although their place has run out of room in the middle of writing them."""
    cache.mkdir()
    made: list[int] = []

    def make() -> list[np.ndarray]:
        made.append(1)
        return [np.full((512, 8192), 7, np.uint8)]

    with small_disk(cache):
        (image,) = cached("key", 512, make)
        left = [path for path in cache.iterdir() if path.is_dir()]
    assert image.sum() == 7 * 512 * 8192
    assert made == [1]
    assert left == []


@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, cache: Path, damage: str) -> None:
    """A power cut leaves files without their content, and people delete some: no training would start until all are deleted."""
    images = [np.full((4, w), w, np.uint8) for w in (3, 9)]
    assert len(cached({"set": 1}, 4, lambda: images)) == 2
    (pixels,) = cache.rglob("pixels.npy")
    if damage == "gone":
        pixels.unlink()
    else:
        os.truncate(pixels, 0 if damage == "empty" else pixels.stat().st_size - 5)
    assert [int(i.sum()) for i in cached({"set": 1}, 4, lambda: images)] == [36, 324]
    assert len(cached({"set": 1}, 4, lambda: pytest.fail("made a third time"))) == 2


def test_who_waits_long_for_another_process_says_so(tmp_path: Path, cache: Path, until) -> None:
    """Eight trainings that start together are seven that seem to hang."""
    maker = started(tmp_path / "made", cache, "hang")
    until((tmp_path / "made").exists)
    environment = user_environment(TEXT_RECOGNIZER_CACHE=str(cache))
    command = [sys.executable, "-c", MAKE, tmp_path / "made", ""]
    waiter = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert waiter.stderr
    assert waiter.stderr.readline() == "another process prepares these images; waiting for it\n"
    maker.kill()
    maker.communicate()
    assert waiter.communicate()[0].strip() == EXPECTED
