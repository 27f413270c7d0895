"""Ports of a machine's jobs, with real sockets, real locks and real processes."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from scheduler.errors import StateError
from scheduler.gpus.ports import FLOCK, HIGHEST, LOWEST, NAME, Ports, port_folder, take_ports, variables

STAY = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


@contextmanager
def listening(port: int, address: str = "127.0.0.1") -> Iterator[None]:
    """Somebody who asks nobody."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as stranger:
        try:
            stranger.bind((address, port))
        except OSError as error:
            pytest.skip(f"{address or 'every address'} cannot be had here: {error}")
        stranger.listen()
        yield


def free(folder: Path, count: int = 1) -> int:
    """The first of so many ports in a row that are free."""
    with take_ports(folder, count) as found:
        return found.numbers[0]


def test_whoever_asks_at_once_gets_other_ports(tmp_path: Path) -> None:
    """Two trainings on one machine that meet on MASTER_PORT is what it is about; all begin to look at the same place."""
    first, numbers = free(tmp_path), []
    with ExitStack() as held:
        for count in (1, 3, 1, 2, 1, 4, 1):
            numbers += held.enter_context(take_ports(tmp_path, count, first)).numbers
        assert len(numbers) == len(set(numbers)) == 13


@pytest.mark.parametrize("address", ["127.0.0.1", "", "::1", "::"])  # "": every address
def test_a_port_that_somebody_listens_on_is_passed_over(tmp_path: Path, address: str) -> None:
    """A program of somebody who does not use exp-queue, on any of the machine's addresses."""
    port = free(tmp_path)
    with listening(port, address), take_ports(tmp_path, first=port) as found:
        assert found.numbers[0] > port


def test_several_ports_stand_in_a_row_and_one_in_use_breaks_it(tmp_path: Path) -> None:
    """A program that counts up from MASTER_PORT must not meet a stranger on the way; what was tried in vain is held by nobody."""
    port = free(tmp_path, 4)
    with listening(port + 2), take_ports(tmp_path, 4, port) as found:
        assert found.numbers == tuple(range(found.numbers[0], found.numbers[0] + 4))
        assert found.numbers[0] > port + 2
        with take_ports(tmp_path, 2, port) as beside:
            assert beside.numbers == (port, port + 1)


def test_ports_are_held_as_long_as_the_last_process_that_inherited_them_lives(tmp_path: Path) -> None:
    """As a claim: a killed runner frees nothing, a killed job frees all."""
    held = take_ports(tmp_path)
    child = subprocess.Popen(STAY, pass_fds=(held.fd,))
    held.close()
    with take_ports(tmp_path, first=held.numbers[0]) as other:
        assert other.numbers != held.numbers
    child.kill()
    child.wait()
    deadline = time.monotonic() + 90
    while free_again(tmp_path, held) != held.numbers:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def free_again(folder: Path, before: Ports) -> tuple[int, ...]:
    with take_ports(folder, first=before.numbers[0]) as found:
        return found.numbers


def test_every_user_can_lock_the_file_whatever_the_umask_of_who_made_it(tmp_path: Path) -> None:
    """An exclusive lock of this kind needs a descriptor that may be written to."""
    before = os.umask(0o077)
    try:
        take_ports(tmp_path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o666
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_what_lies_in_the_files_place_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    """Any user can put a link or a pipe into the claims' folder."""
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="cannot be used"):
        take_ports(tmp_path)
    (tmp_path / NAME).unlink()
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(StateError, match="not a file"):
        take_ports(tmp_path)


def test_a_file_that_a_cleaner_has_removed_is_made_anew(tmp_path: Path) -> None:
    """Folders for what is temporary are cleaned of old files."""
    with take_ports(tmp_path):
        (tmp_path / NAME).unlink()
        take_ports(tmp_path).close()
    assert (tmp_path / NAME).exists()


def test_where_no_port_is_left_a_sentence_says_so(tmp_path: Path) -> None:
    """Waiting for one is the caller's decision."""
    take_ports(tmp_path).close()
    with closing((tmp_path / NAME).open("r+b")) as file:
        everything = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, LOWEST, HIGHEST - LOWEST + 1, 0)
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, everything)
        with pytest.raises(StateError, match=f"no free port from {LOWEST} to {HIGHEST}"):
            take_ports(tmp_path)


def test_the_folder_of_the_claims_is_used_where_there_is_one(tmp_path: Path) -> None:
    """All users share it; one that cannot be used leaves the own folder, since a job for the CPU needs no claims."""
    there = {"EXP_QUEUE_LOCK_DIR": str(tmp_path / "claims")}
    assert port_folder(tmp_path, there) == tmp_path / "claims"
    (tmp_path / "file").write_text("")
    assert port_folder(tmp_path, {"EXP_QUEUE_LOCK_DIR": str(tmp_path / "file")}) == tmp_path


def test_only_whoever_asks_finds_master_port_and_keeps_an_address_of_his_own() -> None:
    """A value that somebody has set for a program of his own is not changed without his word."""
    assert variables((7, 8), asked=False) == {"EXP_QUEUE_PORT": "7", "EXP_QUEUE_PORTS": None}
    assert variables((), asked=False) == {"EXP_QUEUE_PORT": None, "EXP_QUEUE_PORTS": None}
    told = {"EXP_QUEUE_PORT": "7", "EXP_QUEUE_PORTS": "7,8", "MASTER_PORT": "7"}
    assert variables((7, 8), asked=True) == {**told, "MASTER_ADDR": "127.0.0.1"}
    assert variables((7, 8), asked=True, address="10.0.0.1")["MASTER_ADDR"] == "10.0.0.1"
