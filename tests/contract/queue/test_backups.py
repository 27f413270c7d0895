"""Copies of a queue, and the way back to one, on real files."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.actions.restore import restore
from scheduler.errors import StateError, UserError
from scheduler.home import Home, open_home
from scheduler.launcher.client import open_slot
from scheduler.queue import backups
from scheduler.queue.backups import back_up
from scheduler.queue.job import Ending
from scheduler.queue.mine import Mine
from scheduler.queue.schema import MIGRATIONS
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.runner import Runner

THREE = "command: ['true', '${args}']\ngrid: {x: [1, 2, 3]}\n"
PAGE = 4096
OPENING = """
import sys
from pathlib import Path
from scheduler.home import open_home
from scheduler.queue.store import Store
"""


@pytest.fixture
def queued(home: Home, experiments) -> Home:
    """A queue of three jobs."""
    with Store(home) as store:
        submit(store, experiments(THREE), "/")
    return home


def run_all(home: Home) -> None:
    with Store(home) as store:
        mine = Mine(store)
        Runner(mine, Devices(""), 1, lambda notice: None).run()


def states(home: Home) -> list[str]:
    with Store(home) as store:
        return [job.state.value for job in store.jobs()]


def kept(home: Home) -> list[Path]:
    return sorted(home.root.glob("queue.db.before-restore-*"))


def test_a_backup_is_one_private_sound_file_beside_which_nothing_is_left(queued: Home, tmp_path: Path) -> None:
    """What is carried to another disk is the file alone."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    copy = back_up(queued, folder / "queue.db")
    assert [path.name for path in folder.iterdir()] == ["queue.db"]
    assert (copy.jobs, copy.size) == ({"queued": 3}, (folder / "queue.db").stat().st_size)
    assert copy.file.stat().st_mode & 0o777 == 0o600
    assert copy.file.read_bytes()[18:20] == b"\1\1", "in WAL mode, which needs a second file"
    copy.file.chmod(0o400)
    folder.chmod(0o500)
    with backups.opened(copy.file) as connection:
        assert backups.counted(connection) == {"queued": 3}
    folder.chmod(0o700)


def _begins_and_ends(root: str, started) -> None:
    with Store(open_home(Path(root))) as store:
        job = store.jobs()[0]
        while True:
            with store.change() as change:
                attempt = change.begin(job, "launcher", "")
                assert attempt
                change.end(attempt, Ending(State.FAILED, 1), 1.0)
                change.ask_again(job.id, "again")
            started.set()


def test_a_backup_of_a_queue_that_is_written_to_holds_whole_transactions(queued: Home, tmp_path: Path) -> None:
    """Runners go on, and the copy is the queue as it was at one moment."""
    spawn = multiprocessing.get_context("spawn")
    started = spawn.Event()
    writer = spawn.Process(target=_begins_and_ends, args=(str(queued.root), started))
    writer.start()
    try:
        assert started.wait(100)
        copies = [back_up(queued, tmp_path / f"{number}.db") for number in range(5)]
    finally:
        writer.kill()
        writer.join()
    for copy in copies:
        with backups.opened(copy.file) as connection:
            (attempts,) = connection.execute("SELECT attempts FROM job ORDER BY number LIMIT 1").fetchone()
            assert connection.execute("SELECT count(*), count(state) FROM attempt").fetchone()[:] == (attempts, attempts)


def test_a_backup_takes_the_place_of_no_file(queued: Home, tmp_path: Path) -> None:
    """It could be the only good one."""
    (tmp_path / "old.db").write_text("precious")
    with pytest.raises(UserError, match="is there already"):
        back_up(queued, tmp_path / "old.db")
    assert (tmp_path / "old.db").read_text() == "precious"


def test_a_damaged_queue_gives_no_backup(queued: Home, tmp_path: Path) -> None:
    """A copy that cannot be restored is worse than none, as somebody relies on it."""
    _spoil_a_page(queued)
    with pytest.raises(StateError, match="is damaged"):
        back_up(queued, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def _spoil_a_page(home: Home) -> None:
    """Of a table that no look at the queue needs; by hand, as a disk would."""
    connection = sqlite3.connect(home.database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchone()[0]
    connection.close()
    with home.database.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xee" * PAGE)


def test_damage_is_told_when_the_queue_is_opened_once_a_day(queued: Home) -> None:
    """Before it costs: the spoiled page is not one that a submit or a start would have read first."""
    _spoil_a_page(queued)
    Store(queued).close()  # looked at today
    os.utime(queued.root / "checked", (0, 0))
    with pytest.raises(StateError, match=r"is damaged .*restore FILE"):
        Store(queued)
    with pytest.raises(StateError, match="is damaged"):
        Store(queued)


def test_another_file_in_the_queues_place_is_looked_at_at_once(queued: Home) -> None:
    """Somebody has copied it there by hand: that yesterday's was sound says nothing about it."""
    _spoil_a_page(queued)
    (queued.root / "new").write_bytes(queued.database.read_bytes())
    (queued.root / "new").rename(queued.database)
    with pytest.raises(StateError, match="is damaged"):
        Store(queued)


def test_a_restored_queue_is_that_of_the_backup_and_the_present_one_is_kept(queued: Home, tmp_path: Path) -> None:
    """Nothing is lost by it, and it can be undone in the same way."""
    back_up(queued, tmp_path / "copy.db")
    with Store(queued) as store, store.change() as change:
        change.move(store.jobs()[0].id, State.CANCELLED)
    result = restore(queued, tmp_path / "copy.db")
    assert states(queued) == ["queued"] * 3
    assert (result.jobs, result.lost, [result.kept]) == ({"queued": 3}, (), kept(queued))
    assert result.kept
    assert restore(queued, result.kept).jobs == {"cancelled": 1, "queued": 2}
    assert states(queued) == ["cancelled", "queued", "queued"]
    assert len(kept(queued)) == 2
    assert not list(queued.root.glob("*restoring*"))


def test_how_far_a_restore_is_can_be_heard(queued: Home, tmp_path: Path) -> None:
    """A queue of gigabytes takes minutes, in which nothing else says that it goes on."""
    back_up(queued, tmp_path / "queue.backup")
    heard: list[tuple[str, int, int]] = []
    restore(queued, tmp_path / "queue.backup", lambda *words: heard.append(words))
    pages = (tmp_path / "queue.backup").stat().st_size // PAGE
    assert heard[-1] == ("copying queue.backup", pages, pages)


def test_what_has_run_since_the_backup_is_lost_and_never_runs_again_by_itself(queued: Home, tmp_path: Path, experiments) -> None:
    """The backup says `queued`, a directory says that it ran: promise `once`. Where nothing ran it is still queued."""
    with Store(queued) as store:
        ran, begun, _ = store.jobs()
        with store.change() as change:
            attempt = change.begin(begun, "gone", "")
            assert attempt
        for job, number in ((ran, 1), (ran, 2), (begun, 1)):
            Path(queued.attempt(job.id, number)).mkdir(parents=True)
    back_up(queued, tmp_path / "copy.db")
    result = restore(queued, tmp_path / "copy.db")
    assert states(queued) == ["lost", "lost", "queued"]
    assert set(result.lost) == {ran.id, begun.id}
    run_all(queued)
    with Store(queued) as store:
        assert [job.attempts for job in store.jobs()] == [2, 1, 1]
        assert {attempt.ending.state for attempt in store.attempts(ran.id) if attempt.ending} == {State.LOST}
        for job in store.jobs():
            assert store.events(job.id)[-1]["state"] == job.state
        submit(store, experiments(THREE), "/", lost=True)
    run_all(queued)
    with Store(queued) as store:
        assert [(job.state.value, job.attempts) for job in store.jobs()] == [("done", 3), ("done", 2), ("done", 1)]


def test_a_job_that_had_not_begun_when_its_launcher_ended_is_queued_again(queued: Home, tmp_path: Path) -> None:
    """Its launcher's journal says so, and no directory speaks against it."""
    slot = open_slot(queued)
    with Store(queued) as store, store.change() as change:
        change.begin(store.jobs()[0], slot.id, "")
    slot.close()
    slot.process.wait(90)
    back_up(queued, tmp_path / "copy.db")
    assert restore(queued, tmp_path / "copy.db").lost == ()
    assert states(queued) == ["queued"] * 3


def test_a_queue_that_cannot_be_read_is_kept_byte_by_byte(queued: Home, tmp_path: Path) -> None:
    """Somebody may still rescue what is in it."""
    back_up(queued, tmp_path / "copy.db")
    queued.database.write_bytes(b"\0" * PAGE + queued.database.read_bytes()[PAGE:])
    Path(f"{queued.database}-wal").write_bytes(b"its log")
    before = queued.database.read_bytes()
    result = restore(queued, tmp_path / "copy.db")
    assert states(queued) == ["queued"] * 3
    assert result.kept
    assert result.kept.read_bytes() == before
    assert Path(f"{result.kept}-wal").read_bytes() == b"its log"


def test_a_queue_that_somebody_has_open_is_not_replaced(queued: Home, tmp_path: Path) -> None:
    """An idle `work --forever` would go on with the old one, where nobody sees what it writes."""
    back_up(queued, tmp_path / "copy.db")
    code = OPENING + "with Store(open_home(Path(sys.argv[1]))): print('open', flush=True); sys.stdin.read()"
    line = [sys.executable, "-c", code, str(queued.root)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        inode = queued.database.stat().st_ino
        with pytest.raises(StateError, match="in use"):
            restore(queued, tmp_path / "copy.db")
        assert queued.database.stat().st_ino == inode
        assert not kept(queued)
        other.communicate()
    assert restore(queued, tmp_path / "copy.db").jobs == {"queued": 3}


def test_a_queue_with_a_living_launcher_is_not_replaced(queued: Home, tmp_path: Path) -> None:
    """Its job's end would find no record to be written to, also where the present queue cannot be read."""
    back_up(queued, tmp_path / "copy.db")
    queued.database.write_bytes(b"\0" * PAGE)
    slot = open_slot(queued)
    with pytest.raises(StateError, match="at work"):
        restore(queued, tmp_path / "copy.db")
    slot.close()
    slot.process.wait(90)
    assert restore(queued, tmp_path / "copy.db").jobs == {"queued": 3}


def test_a_restore_that_was_killed_leaves_nothing_that_misleads_the_next(queued: Home, tmp_path: Path) -> None:
    """Half a copy beside the queue, or the queue under a second name: neither is taken for a queue that was kept."""
    back_up(queued, tmp_path / "copy.db")
    (queued.root / "queue.db.restoring").write_bytes(b"half")
    (queued.root / "queue.db.before-restore-20200101-000000").hardlink_to(queued.database)
    result = restore(queued, tmp_path / "copy.db")
    assert kept(queued) == [result.kept]
    assert states(queued) == ["queued"] * 3


def test_who_opens_the_queue_just_when_it_is_replaced_gets_the_new_one(queued: Home, tmp_path: Path, until) -> None:
    """It has the old file open already, and would go on with it."""
    back_up(queued, tmp_path / "copy.db")
    with Store(queued) as store, store.change() as change:
        change.move(store.jobs()[0].id, State.CANCELLED)
    holder = sqlite3.connect(queued.database, isolation_level=None)
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    code = OPENING + "print(Store(open_home(Path(sys.argv[1]))).counts())"
    other = subprocess.Popen([sys.executable, "-c", code, str(queued.root)], stdout=subprocess.PIPE, text=True)
    until(lambda: str(queued.database) in _open_files(other.pid))
    (tmp_path / "copy.db").rename(queued.database)
    holder.close()
    assert other.communicate()[0] == "{'queued': 3}\n"


def _open_files(pid: int) -> list[str]:
    try:
        return [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:  # one was closed just now
        return []


def test_a_backup_that_was_copied_by_hand_works_as_a_queue(queued: Home, tmp_path: Path) -> None:
    """It is no database in WAL mode, in which readers wait for nobody; the queue brings it there."""
    back_up(queued, tmp_path / "copy.db")
    queued.database.write_bytes((tmp_path / "copy.db").read_bytes())
    run_all(queued)
    assert states(queued) == ["done"] * 3
    assert queued.database.read_bytes()[18:20] == b"\2\2", "not in WAL mode"


def _foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {0x45585155}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "is no file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("text, and enough of it to be no header\n" * 100), "cannot be read .*not a database"),
        (_foreign, "was not made by exp-queue"),
        (_newer, "was written by a newer exp-queue"),
    ],
)
def test_what_is_no_backup_is_refused_and_the_queue_stays(queued: Home, tmp_path: Path, make, message: str) -> None:
    """The present queue is better than nothing."""
    make(tmp_path / "copy.db")
    before = queued.database.read_bytes()
    with pytest.raises(UserError, match=message) as caught:
        restore(queued, tmp_path / "copy.db")
    assert caught.value.next_step
    assert queued.database.read_bytes() == before
    assert not kept(queued)


def test_a_damaged_backup_is_refused(queued: Home, tmp_path: Path) -> None:
    """All of it is read before any of it counts."""
    back_up(queued, tmp_path / "copy.db")
    _spoil(tmp_path / "copy.db")
    with pytest.raises(UserError, match=r"copy\.db is damaged"):
        restore(queued, tmp_path / "copy.db")


def _spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[2 * PAGE : 3 * PAGE] = b"\xee" * PAGE
    path.write_bytes(data)


def test_the_queue_itself_is_no_backup_of_it(queued: Home) -> None:
    """It would be moved aside under the hands that read it."""
    with pytest.raises(UserError, match="is the queue itself"):
        restore(queued, queued.database)
