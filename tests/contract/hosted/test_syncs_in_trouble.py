"""A sync that is cut, that meets another, or that somebody gets in the way of: nothing is lost, and the next one ends it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.errors import StateError
from scheduler.home import open_home
from scheduler.hosted.copies import Copy
from scheduler.queue.guests import guest_from, take
from scheduler.queue.store import Store
from tests.contract.hosted.test_orders import GUEST
from tests.small_disk import small_disk
from tests.two_machines import IGNORED, Call, Two, opened, two_machines

AGENT = str(Path(__file__).parents[3] / "scheduler" / "hosted" / "__main__.py")


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return two_machines(tmp_path)


@contextmanager
def held(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True)
    descriptor = os.open(directory, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


@pytest.mark.parametrize("moment", ["files-promised", "file-coming", "file-coming:kill@2", "file-coming:kill@3"])
def test_what_was_cut_in_the_middle_is_ended_by_the_next(two: Two, moment: str) -> None:
    """Half of the files are new, half are old, and all are ours. Meanwhile no job starts there."""
    (two.here / "old.py").write_text("old\n")
    two.bring()
    (two.here / "old.py").unlink()
    for name in ("train.py", "model.py", "new.py"):
        (two.here / name).write_text("two\n")
    killed(two, moment if ":" in moment else f"{moment}:kill")
    assert "half brought" in two.differs()
    for name in ("train.py", "model.py"):
        (two.here / name).write_text("three\n")
    (two.here / "new.py").unlink()
    two.bring()
    assert two.differs() == ""
    threes = dict.fromkeys(("train.py", "model.py"), "three\n")
    assert two.found() == {".gitignore": IGNORED, **threes}


def test_a_change_of_a_person_after_a_cut_is_theirs_all_the_same(two: Two) -> None:
    """That the record is not whole must not make everything there ours."""
    two.bring()
    (two.here / "train.py").write_text("two\n")
    killed(two, "files-promised:kill")
    (two.there / "train.py").write_text("theirs\n")
    with pytest.raises(StateError, match=r"train\.py"):
        two.bring()
    assert two.found()["train.py"] == "theirs\n"


def killed(two: Two, failpoint: str) -> None:
    """A sync whose other end dies at that point."""
    environment = {**os.environ, "EXP_QUEUE_FAILPOINT": failpoint, "EXP_QUEUE_HOME": str(two.home)}
    there = subprocess.Popen([sys.executable, "-I", AGENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert there.stdin
    assert there.stdout
    call = Call(there.stdin.fileno(), there.stdout.fileno())
    call.says(*two.words())
    answer = call.hears()
    assert answer
    two.copy(*answer)
    call.says({"do": "sent"})
    assert call.hears() is None
    there.communicate(timeout=100)
    assert there.returncode == -9


def test_of_two_syncs_at_once_the_second_waits_and_finds_all_done(two: Two) -> None:
    """Two terminals, one command each."""
    first, end_first = opened(two.home, *two.words())
    answer = first.hears()
    second, end_second = opened(two.home, *two.words())
    assert answer
    two.copy(*answer)
    first.says({"do": "sent"})
    assert [(first.hears() or ({},))[0]["written"], (second.hears() or ({},))[0]["written"]] == [3, 0]
    end_first()
    end_second()


def test_while_a_run_uses_the_folder_its_code_stays(two: Two) -> None:
    """Its next job would start with other code than the queue has been told of. The same code once more is no change."""
    two.bring()
    with Copy(two.home, str(two.there)).used():
        assert two.bring() == (0, 0)
        (two.here / "train.py").write_text("print('two')\n")
        with pytest.raises(StateError, match="another run uses"):
            two.bring()
    assert two.bring() == (1, 0)


@pytest.mark.parametrize("queue", ["", "hosted/1234"])
def test_while_a_job_runs_there_its_code_stays(two: Two, queue: str) -> None:
    """A job outlives the line that has sent it; and so does one that somebody has started there."""
    two.bring()
    (two.here / "train.py").write_text("print('two')\n")
    root = two.home / queue
    (two.home / "hosted").mkdir()
    with Store(open_home(root)) as store, store.change() as change:
        take(change, "0123456789", guest_from({**GUEST, "cwd": f"{two.there}/below"}))
        take(change, "elsewhere1", guest_from({**GUEST, "cwd": f"{two.there}-2"}))
    with Store(open_home(root)) as store, store.change() as change:
        attempt = change.begin(store.job("0123456789"), "launcher", "")
    assert attempt
    with held(Path(attempt.directory)), pytest.raises(StateError, match="jobs run in it: 01234567;"):  # as its processes hold it
        two.bring()
    assert two.bring() == (1, 0)


def test_what_changes_here_while_it_is_sent_is_not_taken_for_what_was_said(two: Two) -> None:
    """An editor saves at that moment: what was compared is not what has come."""
    told, data = two.words()
    call, end = opened(two.home, told, data)
    answer = call.hears()
    assert answer
    (two.here / "train.py").write_text("print('two')\n")
    two.copy(*answer)
    call.says({"do": "sent"})
    refused = call.hears()
    end()
    assert refused
    assert "train.py changed while the files were sent" in refused[0]["text"]
    assert not two.there.exists()


def test_what_somebody_writes_there_meanwhile_is_not_written_over(two: Two) -> None:
    """rsync may take minutes."""
    two.bring()
    (two.here / "train.py").write_text("print('two')\n")
    with pytest.raises(StateError, match="somebody writes into"):
        two.bring(meanwhile=lambda: (two.there / "train.py").write_text("theirs\n"))
    assert two.found()["train.py"] == "theirs\n"


@pytest.mark.parametrize("name", ["../train.py", "/etc/passwd", "a/../../b", ".git/hooks/post-checkout", "", "a//b", "a\0b"])
def test_a_name_that_leads_out_of_the_tree_is_refused(two: Two, name: str) -> None:
    """Whoever asks is believed to be the same person, not to be without faults."""
    told, _ = two.words()
    call, end = opened(two.home, told, json.dumps({name: "file x"}).encode())
    refused = call.hears()
    end()
    assert refused
    assert "which is no name of one" in refused[0]["text"]


def test_a_host_without_rsync_says_so(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over there they cannot look into its PATH."""
    words = two.words()
    monkeypatch.setenv("PATH", "/nowhere")
    call, end = opened(two.home, *words)
    wants = call.hears()
    end()
    assert wants
    assert wants[0]["rsync"] is None


def test_who_gives_up_in_the_middle_has_changed_nothing(two: Two) -> None:
    """rsync failed over here, or somebody pressed Ctrl-C."""
    two.bring()
    (two.here / "model.py").unlink()
    call, end = opened(two.home, *two.words())
    assert call.hears()
    end()
    assert (two.there / "model.py").exists()
    assert two.bring() == (0, 1)


def test_what_the_rsync_of_a_killed_sync_still_brings_is_not_in_the_way_of_the_next(two: Two) -> None:
    """It lives on when the command is killed, and writes where it was told to."""
    call, end = opened(two.home, *two.words())
    answer = call.hears()
    end()
    assert answer
    into = Path(answer[0]["into"])

    def late() -> None:
        into.mkdir(exist_ok=True)
        (into / "train.py").write_text("print('old')\n")

    assert two.bring(meanwhile=late) == (3, 0)
    assert two.found()["train.py"] == "print('one')\n"


def test_a_disk_that_is_full_there_is_named_and_the_next_sync_ends_what_was_begun(two: Two) -> None:
    """Some files found room and others did not; no job starts on half of the code."""
    two.there.parent.mkdir()
    (two.here / "large.py").write_text("#" * 200_000)
    with small_disk(two.there.parent):
        (two.there.parent / "others").write_bytes(b"\0" * 900_000)
        with pytest.raises(StateError, match=r"No space left on device; once that is mended, run it again"):
            two.bring()
        assert "half brought" in two.differs() or "it has no" in two.differs()
        (two.there.parent / "others").unlink()
        two.bring()
        assert two.differs() == ""
        assert sorted(two.found()) == [".gitignore", "large.py", "model.py", "train.py"]
