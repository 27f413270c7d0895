"""The examples of the guide's page about naming jobs, on a queue such as it describes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.actions.logged import summaries
from scheduler.experiments import read
from scheduler.home import Home
from scheduler.queue.filtering import FIELDS
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.tracking.metric_log import MetricLog
from tests.conftest import ROOT

PAGE = (ROOT / "docs/guide/naming_jobs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    exp-queue status (.*?) +# (none|[\d, ]+)", PAGE, re.M)
LOWEST = {2: 0.3, 3: 0.15, 4: 0.1}


@pytest.fixture
def described(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The four jobs of the page, run."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    Path(tmp_path / "letters.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Store(home, summaries=summaries) as store:
        submit(store, list(read("letters.yaml").experiments()), str(tmp_path), file="letters.yaml")
        with store.change() as change:
            for job in store.jobs():
                log = MetricLog(tmp_path / str(job.number) / "metrics.jsonl")
                if job.number in LOWEST:
                    log.log({"val_cer": LOWEST[job.number]}, 0)
                    log.log({"val_cer": 0.5}, 1)
                log.finish()
                state = "done" if job.number in LOWEST else "failed"
                change.connection.execute(
                    "INSERT INTO attempt (job, number, launcher, directory, started, boot, gpus, ended, duration, state)"
                    " VALUES (?, 1, 'none', ?, 0, '', '', 60, 60, ?)",
                    (job.id, str(log.path.parent), state),
                )
                change.connection.execute("UPDATE job SET attempts = 1, state = ? WHERE id = ?", (state, job.id))
            change.connection.execute("UPDATE job SET tags = 'old' WHERE number IN (1, 4)")
        yield store


@pytest.mark.parametrize(("words", "numbers"), EXAMPLES)
def test_an_example_of_the_page_names_the_jobs_that_it_says(described: Store, words: str, numbers: str) -> None:
    """What people copy first is what the page shows."""
    expected = [] if numbers == "none" else [int(number) for number in re.findall(r"\d+", numbers)]
    assert [job.number for job in select(described, shlex.split(words))] == expected


def test_the_page_has_examples_and_every_field() -> None:
    """A page that is written in another way would be checked by nothing."""
    assert len(EXAMPLES) >= 19
    assert [name for name in FIELDS if f"`{name}`" not in PAGE] == []
