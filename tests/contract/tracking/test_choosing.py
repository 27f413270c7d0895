"""Which of several logs is a trial's source of metrics, and that rows of two are never mixed. Real files."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from listening import put

from scheduler.tracking.readers.follower import REST, Follower
from scheduler.tracking.readers.kinds import METRIC_LOG, OUTPUT, TENSORBOARD, WANDB
from scheduler.tracking.readers.rows import Row
from tests.unit.tracking import transaction_logs

Watch = Callable[..., Follower]
OWN = "job1"  # the trial's WANDB_RUN_ID


class Log:
    """A W&B transaction log that grows; each row is logged at `at`, in seconds."""

    def __init__(self, run: Path, begun: int, name: str, *, rank: str = "") -> None:
        self.path = run / f"wandb/offline-run-2026_{begun:03}-{name}/run-{name}.wandb"
        self._records, self._written = [transaction_logs.run(rank)], 0
        self.log()

    def log(self, loss: object = None, at: float = 0.0) -> Log:
        if loss is not None:
            self._records.append(transaction_logs.row(len(self._records), loss=loss, _timestamp=at))
        return self._append()

    def summarize(self, loss: object) -> Log:
        summary = transaction_logs.part(1, transaction_logs.part(1, b"loss") + transaction_logs.part(16, repr(loss).encode()))
        self._records.append(transaction_logs.number(1, 9) + transaction_logs.part(3, summary))
        return self._append()

    def say_rank_0(self) -> Log:
        """As `run.config.update({"rank": 0})` does, in the middle of a run."""
        item = transaction_logs.part(1, b"rank") + transaction_logs.part(16, b"0")
        self._records.append(transaction_logs.number(1, 9) + transaction_logs.part(5, transaction_logs.part(1, item)))
        return self._append()

    def _append(self) -> Log:
        data = transaction_logs.framed(self._records)
        put(self.path, data[self._written :])
        self._written = len(data)
        return self


class View:
    """The numbers that count of a trial's rows, as whoever follows it takes them in."""

    def __init__(self, follower: Follower) -> None:
        self.follower, self.losses = follower, []

    def read(self) -> list[object]:
        return self._take(self.follower.read())

    def finish(self) -> list[object]:
        return self._take(self.follower.finish())

    def _take(self, rows: list[Row]) -> list[object]:
        found = [row.values["loss"] for row in rows if isinstance(row.values["loss"], (int, float))]
        self.losses = found if self.follower.anew else [*self.losses, *found]
        return self.losses


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Callable[[], View]]:
    """Views of the run in `tmp_path`, whose followers are closed with the test."""
    made: list[Follower] = []

    def watch() -> View:
        run = tmp_path
        made.append(Follower(run, ["loss"], run_id=OWN))
        return View(made[-1])

    yield watch
    for each in made:
        each.close()


def event_file(folder: Path, *losses: float) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for step, loss in enumerate(losses):
        value = Summary.Value(tag="loss", simple_value=loss)
        writer.add_event(Event(wall_time=step, step=step, summary=Summary(value=[value])))
    writer.close()


def seen(view: View, source: str) -> list[object]:
    """The view, read until its source is this one; a follower that searches rarely is given the time."""
    while view.follower.source != source:
        view.read()
    return view.read()


def test_a_better_source_takes_over_with_its_first_number(tmp_path: Path, view) -> None:
    """One printed sanity check before `wandb.init` hid all rows of W&B: best was a number of an untrained model."""
    put(tmp_path / "log.txt", "loss: 0.001\n")
    one = view()
    assert one.read() == [0.001]
    run = Log(tmp_path, 1, "x")
    put(tmp_path / "log.txt", "loss: 9\n")
    assert seen(one, OUTPUT) == [0.001, 9]
    run.log("none yet")
    time.sleep(REST)  # then it looks for logs again
    assert one.read() == [0.001, 9]
    run.log(0.9)
    assert seen(one, WANDB) == [0.9]
    put(tmp_path / "log.txt", "loss: 0.002\n")
    run.log(0.8)
    assert one.finish() == [0.9, 0.8]
    put(tmp_path / "metrics.jsonl", '{"loss": 7}\n')
    assert (one.finish(), one.follower.source) == ([7], METRIC_LOG)


def test_one_early_event_does_not_hide_the_rows_of_wandb(tmp_path: Path, view) -> None:
    """A SummaryWriter may note the loss of an untrained model, and W&B begin with the training."""
    event_file(tmp_path / "tb", 0.25)
    one = view()
    assert seen(one, TENSORBOARD) == [0.25]
    Log(tmp_path, 1, "x").log(0.9).log(0.8)
    assert seen(one, WANDB) == [0.9, 0.8]


def test_the_run_that_got_the_trials_id_counts(tmp_path: Path, view) -> None:
    """In a cross-validation each fold is a run of its own; a lucky first one passed for the trial, instead of the mean."""
    own, folds = Log(tmp_path, 1, OWN), [Log(tmp_path, 2 + n, f"fold{n}", rank="rank0") for n in range(3)]
    one = view()
    for number, fold in enumerate(folds):
        fold.log(0.9 - number / 10, at=10 + number)
        one.read()
    assert one.losses == [0.9 - 2 / 10]
    own.log(0.37, at=5)  # be its clock wrong
    assert one.read() == [0.37]
    folds[0].log(0.1, at=30)
    assert one.finish() == [0.37] == view().finish()


def test_the_run_with_the_trials_id_counts_with_its_summary_alone(tmp_path: Path, view) -> None:
    """`run.summary["loss"] = mean` at the end is all that some scripts write."""
    own, fold = Log(tmp_path, 1, OWN), Log(tmp_path, 2, "fold").log(0.1)
    one = view()
    assert one.read() == [0.1]
    own.summarize(0.37)
    assert one.finish() == [] == view().finish()
    assert one.follower.summary == {"loss": 0.37}
    assert fold.path.exists()


@pytest.mark.parametrize("first", [0, 1])
def test_without_such_a_run_rank_0_counts(tmp_path: Path, view, first: int) -> None:
    """Of one run per rank the first to begin was taken."""
    names = ["rank0", "rank1"]
    logs = [Log(tmp_path, begun, f"r{begun}", rank=names[n]) for begun, n in enumerate((first, 1 - first))]
    one = view()
    for epoch in range(3):
        for log, number in zip(logs, (first, 1 - first), strict=True):
            log.log(10.0 * number + epoch, at=epoch)
            one.read()
    assert one.losses == [0, 1, 2] == view().finish()


def test_else_the_last_to_log_the_metric_counts(tmp_path: Path, view) -> None:
    """A script that gives its runs ids of its own logs the mean after the folds, in the run that it has begun first."""
    mean, folds = Log(tmp_path, 1, "mean"), [Log(tmp_path, 2 + n, f"fold{n}") for n in range(2)]
    one = view()
    for number, fold in enumerate(folds):
        fold.log(number, at=10 + number).log(number, at=20 + number)
    assert one.read() == [1, 1]
    mean.log(0.5, at=15)
    assert one.read() == [0.5]
    folds[0].log(7, at=40)
    assert one.finish() == [0.5] == view().finish()


def test_a_text_under_the_metrics_name_takes_no_place_from_numbers(tmp_path: Path, view) -> None:
    """W&B logs a formatted loss, and the number is printed beside it."""
    Log(tmp_path, 1, OWN).log("0.5").log([0.5])
    put(tmp_path / "log.txt", "loss: 0.4\n")
    one = view()
    one.read()
    assert one.finish() == [0.4] == view().finish()


def test_a_run_that_diverges_is_not_replaced_by_what_it_printed_before(tmp_path: Path, view) -> None:
    """NaN is what came out; the sanity check's number is none of it."""
    put(tmp_path / "log.txt", "loss: 0.001\n")
    one = view()
    one.read()
    Log(tmp_path, 1, OWN).log(float("nan"))
    assert [str(loss) for loss in seen(one, WANDB)] == ["nan"]
    one.finish()
    assert one.follower.source == WANDB


def test_event_files_further_down_are_parts_of_those_above(tmp_path: Path, view) -> None:
    """`add_hparams` writes the final value into a folder of its own below the writer's: one row, in place of the history."""
    event_file(tmp_path / "tb", 3, 2, 1)
    event_file(tmp_path / "tb/1700000000.1", 1.5)
    assert view().finish() == [3, 2, 1]


def test_of_folders_of_event_files_side_by_side_the_last_counts(tmp_path: Path, view) -> None:
    """`version_0`, `version_1`: one for each fold, or a sanity check before the training."""
    event_file(tmp_path / "logs/version_0", 0.25)
    event_file(tmp_path / "logs/version_1", 0.75, 0.5)
    assert view().finish() == [0.75, 0.5]


def test_a_log_that_is_reached_by_two_paths_is_one(tmp_path: Path, view) -> None:
    """A state directory may lie behind a link, and the kernel names open files by their real paths."""
    log = Log(tmp_path, 1, "x").log(1)
    other = tmp_path / "other"
    other.symlink_to(tmp_path)
    one = view()
    one.follower._open_files = lambda: [other / log.path.relative_to(tmp_path)]
    assert one.finish() == [1]
    assert one.follower.choice() is None


def test_whoever_reads_later_comes_to_the_same_view(tmp_path: Path, view) -> None:
    """A sweep that is killed, and goes on when the trial is over, has the rows that it would have had; in any order of events."""
    for seed in range(60):
        draw, run = random.Random(seed), tmp_path / str(seed)  # noqa: S311 - a repeatable choice, not a secret
        run.mkdir()
        one = View(Follower(run, ["loss"], run_id=OWN))
        names = draw.sample([OWN, "a", "b", "c"], 3)
        logs = [Log(run, n, name, rank=draw.choice(["rank0", "rank1", ""])) for n, name in enumerate(names)]
        for moment in range(draw.randrange(3, 25)):
            log = draw.choice(logs)
            draw.choices(
                [
                    lambda log=log, at=moment: log.log(at, at),
                    lambda log=log, at=moment: log.summarize(at),
                    log.say_rank_0,
                    lambda run=run, at=moment: put(run / "log.txt", f"loss: {1000 + at}\n"),
                    one.read,
                ],
                [8, 1, 1, 2, 6],
            )[0]()
        last = View(Follower(run, ["loss"], run_id=OWN))
        assert one.finish() == last.finish(), seed
        assert (one.follower.source, one.follower.summary) == (last.follower.source, last.follower.summary), seed
        one.follower.close()
        last.follower.close()


def test_which_log_counts_is_said_where_there_are_several(tmp_path: Path, view) -> None:
    """Which one, why, and how many others; nothing where there is one."""
    runs = [Log(tmp_path, 1, "a").log(1, at=1)]
    one = view()
    one.finish()
    assert one.follower.choice() is None
    runs.append(Log(tmp_path, 2, "b").log(2, at=2))
    put(tmp_path / "log.txt", "loss: 3\n")
    one = view()
    one.finish()
    assert one.follower.choice().sentence == (
        '2 W&B runs log "loss": the last to log it counts (offline-run-2026_002-b), the other does not; the one that takes its '
        "id from WANDB_RUN_ID would come first, then one whose name holds rank0; what else holds it is not read: output"
    )
    runs.append(Log(tmp_path, 3, OWN).log(3))
    one.finish()
    assert one.follower.choice().sentence == (
        '3 W&B runs log "loss": that with the trial\'s WANDB_RUN_ID counts (offline-run-2026_003-job1), the 2 others do not; '
        "what else holds it is not read: output"
    )
