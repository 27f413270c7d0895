"""What a job is told of the W&B server of this machine, and whose key a key is."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import TextIO

import pytest

from scheduler.tracking.local_wandb import attempt_of, key_of, online, server_file
from scheduler.tracking.wandb_offline import FLUSH

KEY, RUN = "ab" * 20, "0123456789abcdef"
ASKED = {"EXP_QUEUE_TRACKERS": "tensorboard,wandb-local"}


def there(root: Path) -> TextIO:
    path = server_file(root)
    path.parent.mkdir()
    path.write_text(json.dumps({"url": "http://127.0.0.1:1", "key": KEY, "pid": 1}))
    file = path.open()
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def test_a_key_names_its_attempt_and_nobody_makes_one_without_the_servers() -> None:
    """What a script sends belongs to its job, whatever it calls its run."""
    given = key_of(KEY, RUN)
    assert (attempt_of(KEY, given), attempt_of(KEY, KEY), len(given)) == (RUN, "", 40)
    assert attempt_of("cd" * 20, given) is None
    assert attempt_of(KEY, "f" + given[1:]) is None
    assert attempt_of(KEY, "") is None
    assert attempt_of(KEY, "é") is None


def test_an_attempt_is_told_of_a_server_that_is_there(tmp_path: Path) -> None:
    """Online, with a key of its own, and written into its own directory, where it is read."""
    with there(tmp_path):
        found = online(ASKED, tmp_path, "/run", RUN)
        kept = online({**ASKED, "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "9"}, tmp_path, "/run", RUN)
    assert found == {
        "WANDB_MODE": "online",
        "WANDB_DIR": "/run",
        "WANDB_BASE_URL": "http://127.0.0.1:1",
        "WANDB_API_KEY": key_of(KEY, RUN),
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": FLUSH,
        "WANDB_SWEEP_ID": None,
        "WANDB_SERVICE": None,
    }
    assert found.keys() - kept.keys() == {"WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL"}


UNASKED = [{}, {"EXP_QUEUE_TRACKERS": "wandb"}, {**ASKED, "WANDB_MODE": "offline"}, {**ASKED, "WANDB_MODE": "disabled"}]


@pytest.mark.parametrize("users", UNASKED)
def test_nobody_is_sent_there_who_did_not_ask_for_it(tmp_path: Path, users: dict[str, str]) -> None:
    """Nor who wants W&B to be offline, or not at all."""
    with there(tmp_path):
        assert online(users, tmp_path, "/run", RUN) == {}


def test_without_a_server_a_job_logs_offline(tmp_path: Path) -> None:
    """A client without an answer would wait for a minute and a half, and fail."""
    assert online(ASKED, tmp_path, "/run", RUN) == {}
    there(tmp_path).close()
    assert online(ASKED, tmp_path, "/run", RUN) == {}
