"""Following a run: which source counts, and that the kernel wakes the reader. Real files, real processes, real inotify."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from listening import listen, put

from scheduler.tracking.readers.follower import FIRST_LOOK, REST, Follower
from scheduler.tracking.readers.kinds import METRIC_LOG, OUTPUT, TENSORBOARD, WANDB
from scheduler.tracking.readers.open_files import event_files_of, opened_by
from scheduler.tracking.readers.rows import Row
from scheduler.tracking.readers.wandb_log import LATE_CLIENT
from tests.conftest import user_environment
from tests.few_watches import limited
from tests.unit.tracking import transaction_logs

Watch = Callable[..., Follower]
RUN = "wandb/offline-run-1-x/run-x.wandb"


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Watch]:
    """Followers of a run in `tmp_path`, closed with the test."""
    made: list[Follower] = []

    def watch(*names: str, **options: object) -> Follower:
        run = tmp_path
        wanted = () if options.pop("nameless", False) else names or ("loss",)
        made.append(Follower(run, wanted, **options))  # type: ignore[arg-type]
        return made[-1]

    yield watch
    for each in made:
        each.close()


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place of the script's own, outside of all that is watched."""
    return tmp_path_factory.mktemp("own")


def wandb_rows(*losses: float, name: str = "loss") -> bytes:
    return transaction_logs.framed(transaction_logs.row(n, **{name: loss}) for n, loss in enumerate(losses))


def event_file(folder: Path, *losses: float, tag: str = "loss") -> Path:
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for step, loss in enumerate(losses):
        writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=loss)])))
    writer.close()
    return next(folder.glob("*tfevents*"))


def values(rows: list[Row], name: str = "loss") -> list[float]:
    return [row.values[name] for row in rows]


def in_a_moment(act: Callable[[], object]) -> threading.Timer:
    """Do it when the reader sleeps."""
    timer = threading.Timer(0.15, act)
    timer.start()
    return timer


def test_the_best_source_counts_and_the_others_do_not(tmp_path: Path, follow: Watch) -> None:
    """A script that logs everywhere must not have every epoch counted four times."""
    put(tmp_path / "log.txt", "loss: 4\n")
    event_file(tmp_path / "tb", 3, 3)
    put(tmp_path / RUN, wandb_rows(2, 2))
    put(tmp_path / "metrics.jsonl", '{"loss": 1}\n{"loss": 1}\n')
    order = (METRIC_LOG, WANDB, TENSORBOARD, OUTPUT)
    for position, expected in enumerate(order):
        follower = follow(only=order[position:])
        assert set(values(follower.read() + follower.finish())) == {position + 1}
        assert follower.source == expected


def test_output_does_not_count_while_a_better_source_is_waited_for(tmp_path: Path, follow: Watch) -> None:
    """A progress bar prints `loss=0.7` for a batch long before the epoch's own loss is logged."""
    put(tmp_path / "log.txt", "loss=99\n" * 10)
    put(tmp_path / RUN, wandb_rows())
    follower = follow()
    assert follower.read() == []
    put(tmp_path / RUN, wandb_rows(0.5)[len(wandb_rows()) :])
    assert values(listen(follower, bool)) == [0.5]
    assert follower.source == WANDB


def test_in_the_end_output_counts_if_no_better_source_has_the_metric(tmp_path: Path, follow: Watch) -> None:
    """A script may log to W&B everything but the metric; what it printed is better than nothing."""
    put(tmp_path / RUN, wandb_rows(1, 2, name="acc"))
    put(tmp_path / "log.txt", "loss: 3\nloss: 2")
    follower = follow()
    assert follower.read() == []
    assert values(follower.finish()) == [3, 2]
    assert follower.source == OUTPUT


def test_the_kernel_wakes_the_reader_for_every_source(tmp_path: Path, follow: Watch) -> None:
    """Files that appear later, in folders that appear later, and then grow: asleep in between, as no patience is asked for."""
    for source, path, first, second in [
        (METRIC_LOG, tmp_path / "metrics.jsonl", b'{"loss": 1}\n', b'{"loss": 2}\n'),
        (WANDB, tmp_path / RUN, wandb_rows(1), wandb_rows(1, 2)[len(wandb_rows(1)) :]),
        (OUTPUT, tmp_path / "log.txt", b"loss: 1\n", b"loss: 2\n"),
    ]:
        follower = follow(only=(source,))
        assert follower.read() == []
        in_a_moment(lambda path=path, data=first: put(path, data))
        assert values(listen(follower, bool)) == [1]
        in_a_moment(lambda path=path, data=second: put(path, data))
        assert values(listen(follower, bool)) == [2]
        assert follower.patience() is None or follower.patience() <= REST


def test_event_files_wake_the_reader_too(tmp_path: Path, follow: Watch) -> None:
    """Also a second file in the folder of the first."""
    pytest.importorskip("tensorboard")  # here, since a skip in the thread that writes would be lost
    follower = follow()
    assert follower.read() == []
    in_a_moment(lambda: event_file(tmp_path / "lightning_logs/version_0", 1, 2))
    assert values(listen(follower, lambda rows: len(rows) == 2)) == [1, 2]
    in_a_moment(lambda: event_file(tmp_path / "lightning_logs/version_0", 3))
    assert values(listen(follower, bool)) == [3]


def test_a_directory_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    """On a folder that several machines see, that of an attempt on another one may appear late."""
    run = tmp_path / "a" / "b"
    follower = Follower(run, ["loss"])
    assert follower.read() == []
    in_a_moment(lambda: put(run / RUN, wandb_rows(1)))
    assert values(listen(follower, bool)) == [1]
    follower.close()


@pytest.mark.parametrize("kind", [WANDB, TENSORBOARD])
def test_a_log_in_a_place_of_the_scripts_own_is_found_by_its_open_file(
    kind: str, tmp_path: Path, own: Path, follow: Watch
) -> None:
    """`wandb.init(dir=...)`, `SummaryWriter()`: both write where we did not ask them to."""
    if kind == WANDB:
        path = own / RUN
        put(path, wandb_rows(1))
    else:
        path = event_file(own / "runs", 1)
    processes: list[int] = []
    follower = follow(open_files=lambda: opened_by(processes))
    put(tmp_path / "log.txt", "nothing\n")
    assert follower.read() == []
    assert follower.patience() is not None
    holder = subprocess.Popen([sys.executable, "-c", "import sys; f = open(sys.argv[1]); input()", path], stdin=subprocess.PIPE)
    processes.append(holder.pid)
    assert values(listen(follower, bool)) == [1]
    assert follower.source == kind
    if kind == TENSORBOARD:
        in_a_moment(lambda: event_file(own / "runs", 2))
        assert values(listen(follower, bool)) == [2]
    assert follower.patience() is None or follower.patience() <= REST
    holder.communicate(b"\n")


def test_event_files_of_an_earlier_process_with_the_same_number_do_not_count(tmp_path: Path, own: Path, follow: Watch) -> None:
    """In a container that was started again the process ids begin anew, and `logs/` still holds the files of the last time."""
    now = time.time()
    path = event_file(own / "logs", 1)
    old = path.with_name(path.name.replace(path.name.split(".")[3], str(int(now) - 3600)))
    old.write_bytes(event_file(own / "others", 7).read_bytes())
    follower = follow(open_files=lambda: event_files_of([os.getpid()], own / "logs", now))
    assert values(listen(follower, bool) + follower.finish()) == [1]


def test_open_files_are_asked_before_output_is_trusted(tmp_path: Path, own: Path, follow: Watch) -> None:
    """The bar's `loss=99` is printed before the first look at open files is due."""
    put(own / "run-y.wandb", wandb_rows(1))
    put(tmp_path / "log.txt", "loss=99\n")
    follower = follow(open_files=lambda: [own / "run-y.wandb"])
    assert values(follower.read()) == [1]
    assert follower.source == WANDB


def test_rows_that_were_set_aside_for_a_better_source_are_there_in_the_end(tmp_path: Path, own: Path, follow: Watch) -> None:
    """The better source may turn out to say nothing of the metric."""
    put(own / "run-z.wandb", wandb_rows(1, name="acc"))
    put(tmp_path / "log.txt", "loss: 3\n")
    follower = follow(open_files=lambda: [own / "run-z.wandb"])
    assert follower.read() == []
    put(tmp_path / "log.txt", "loss: 2\n")
    assert values(follower.read() + follower.finish()) == [3, 2]


def test_looks_at_open_files_become_rare_and_end_with_the_first_row(tmp_path: Path, follow: Watch) -> None:
    """They read /proc; a sweep of many silent trials must not do it all the time."""
    looks: list[float] = [time.monotonic()]
    follower = follow(open_files=lambda: looks.append(time.monotonic()) or ())
    while len(looks) < 4:
        assert follower.read() == []
        time.sleep(follower.patience() or 0)
    waits = [after - before for before, after in itertools.pairwise(looks)]
    assert all(wait >= least for wait, least in zip(waits, (FIRST_LOOK, 2 * FIRST_LOOK, 4 * FIRST_LOOK), strict=True))
    put(tmp_path / "log.txt", "loss: 1\n")
    assert values(follower.read()) == [1]
    count = len(looks)
    time.sleep(REST)
    follower.read()
    assert follower.patience() is None
    assert len(looks) == count


def test_of_two_runs_in_one_trial_one_counts(tmp_path: Path, follow: Watch) -> None:
    """Every rank of a parallel training may log the same epoch."""
    put(tmp_path / "wandb/run-1-a/run-a.wandb", wandb_rows(1, 2))
    put(tmp_path / "wandb/run-2-b/run-b.wandb", wandb_rows(1, 2))
    follower = follow()
    assert values(follower.read()) == [1, 2]
    assert follower.finish() == []


def test_folders_with_the_names_of_logs_are_no_logs(tmp_path: Path, follow: Watch) -> None:
    """People name folders after what is in them, and a training renames folders while we look."""
    for name in ("metrics.jsonl", "tfevents", "wandb/run-1-a/run-a.wandb", "log.txt"):
        (tmp_path / name).mkdir(parents=True)
    event_file(tmp_path / "tfevents", 1)
    follower = follow()
    assert values(follower.read()) == [1]
    assert follower.source == TENSORBOARD


def test_a_log_below_folders_that_come_and_go_is_found(tmp_path: Path, follow: Watch) -> None:
    """Checkpoints are written to a folder of another name first; the search must not stumble over one that is gone."""
    pytest.importorskip("tensorboard")  # here, since a skip in the thread that writes would be lost
    script = "import os\nfor n in range(3000): os.makedirs('tmp/a/b'); os.rename('tmp', f'kept'); os.removedirs('kept/a/b')"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    follower = follow()
    while process.poll() is None:
        assert follower.read() == []
    in_a_moment(lambda: event_file(tmp_path / "runs/a/b/c", 1))
    assert values(listen(follower, bool)) == [1]


def test_a_flood_of_output_leaves_the_loop_time(tmp_path: Path, follow: Watch) -> None:
    """A print per batch is a write per batch: the reader wakes as often as it wants to, and still gets every row."""
    script = "import time\nfor n in range(1000): print('loss:', n, flush=True); time.sleep(0.001)"
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", script], stdout=log, env=user_environment())
    follower, found, wakes, began = follow(), [], 0, time.monotonic()
    end = os.pidfd_open(process.pid)
    while process.poll() is None:
        found += follower.read()
        wakes += 1
        select.select([follower, end], [], [], follower.patience())
    os.close(end)
    span = time.monotonic() - began
    found += follower.finish()
    assert values(found) == list(range(1000))
    assert wakes <= 3 * span / REST + 10


def test_a_row_in_the_readers_rest_is_read_after_it(tmp_path: Path, follow: Watch) -> None:
    """The last line of a burst has no write after it that would wake anybody."""
    follower = follow()
    assert follower.read() == []
    in_a_moment(lambda: [put(tmp_path / "log.txt", f"loss: {n}\n") or time.sleep(REST / 20) for n in range(30)])
    assert values(listen(follower, lambda rows: len(rows) == 30)) == list(range(30))


def test_a_log_larger_than_one_look_is_read_in_several(tmp_path: Path, follow: Watch) -> None:
    """A runner that takes over a trial with a large log goes on at once, without a new event."""
    put(tmp_path / "log.txt", b"x" * 99 + b"\n" * 1 + (b"y" * 99 + b"\n") * 100_000 + b"loss: 1\n")
    follower = follow()
    assert values(listen(follower, bool)) == [1]


def test_how_much_of_a_long_log_is_read_is_known(tmp_path: Path, follow: Watch) -> None:
    """Whoever waits for a gigabyte wants to know."""
    put(tmp_path / "metrics.jsonl", '{"loss": 0.5}\n' * 60_000)
    follower = follow(nameless=True)
    shares = []
    while not shares or follower.is_behind:
        follower.read()
        shares.append(follower.share)
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] == 1


def test_a_damaged_log_does_not_keep_the_reader_awake(tmp_path: Path, follow: Watch) -> None:
    """It turned in a loop from the damage to the end of the trial, as fast as it could. What lies behind is read in the end."""
    log = bytearray(wandb_rows(*[1.0] * 20_000))
    log[40] ^= 255
    put(tmp_path / RUN, bytes(log))
    follower = follow()
    assert len(listen(follower, bool)) == 1
    looks = 0
    while (patience := follower.patience()) is not None and looks < 100:
        select.select([follower], [], [], patience)
        looks += not follower.read()
    assert looks < 100
    assert len(follower.finish()) > 10_000


def test_a_client_that_writes_in_blocks_is_named_once(tmp_path: Path, follow: Watch) -> None:
    """Why trials are not stopped early is a question that comes up at night."""
    header = transaction_logs.part(21, transaction_logs.part(1, transaction_logs.part(1, b"0.19.11+2a05")))
    put(tmp_path / "wandb/run-1-a/run-a.wandb", transaction_logs.framed([header]))
    put(tmp_path / "wandb/run-2-b/run-b.wandb", transaction_logs.framed([header]))
    follower = follow()
    follower.finish()
    assert follower.notices() == [LATE_CLIENT.format(version="0.19.11")]


def test_a_metric_that_nobody_logged_is_answered_with_those_that_are(tmp_path: Path, follow: Watch) -> None:
    """A slip of the pen in a sweep file would otherwise cost a night."""
    follower = follow("val_los")
    assert follower.finish() == []
    assert follower.what_is_missing() == 'nothing that the script logged holds "val_los" (looked at: nothing)'
    put(tmp_path / RUN, wandb_rows(1, 2, name="val_loss"))
    put(tmp_path / "log.txt", "val_loss: 1\n")
    assert follower.finish() == []
    assert follower.what_is_missing() == (
        'nothing that the script logged holds "val_los" (looked at: W&B log, output); did you mean "val_loss"?'
    )


@pytest.mark.parametrize(
    ("logged", "said"),
    [
        ('"0.5"', 'a text, such as "0.5" (in: metric log): log float(value)'),
        ("[0.5, 1]", "a list, such as [0.5, 1] (in: metric log): log one number, such as its mean or its last"),
        ("true", "a truth value, such as true (in: metric log): log int(value), which is 0 or 1"),
        ("null", "null (in: metric log): log a number, or nothing where there is none"),
        ("-Infinity", "-Infinity (in: metric log): log a large finite number where a training diverges"),
        ("NaN", "NaN (in: metric log): see why the training diverges, or log a large finite number where it does"),
        (
            "1" + "0" * 400,
            f"a number too large, such as 1{'0' * 36}... (in: metric log): log a smaller one, such as its logarithm",
        ),
        (
            '{"_type": "histogram"}',
            'an object of W&B\'s, such as {"_type": "histogram"} (in: metric log): log a number under a name of its own',
        ),
        (
            '{"val": 1}',
            'a mapping, such as {"val": 1} (in: metric log): log a number under a name of its own; of a group of metrics one is '
            "named as group.name",
        ),
    ],
)
def test_a_metric_that_is_never_a_number_is_answered_with_what_it_is(
    tmp_path: Path, follow: Watch, logged: str, said: str
) -> None:
    """Nothing was said: the table had no value, and the sweep went on through its night."""
    put(tmp_path / "metrics.jsonl", f'{{"loss": {logged}}}\n' * 2)
    follower = follow()
    follower.finish()
    assert follower.what_is_missing() == f'"loss" is never a finite number in what the script logs; it is {said}'
    put(tmp_path / "metrics.jsonl", '{"loss": 1}\n')
    follower.finish()
    assert follower.what_is_missing() == ""


def test_a_metric_whose_summary_is_a_number_is_not_missing(tmp_path: Path, follow: Watch) -> None:
    """`run.summary["loss"] = best` after rows that hold an image under the name."""
    summary = transaction_logs.part(1, transaction_logs.part(1, b"loss") + transaction_logs.part(16, b"0.5"))
    records = [transaction_logs.row(0, loss="text"), transaction_logs.number(1, 9) + transaction_logs.part(3, summary)]
    put(tmp_path / RUN, transaction_logs.framed(records))
    follower = follow()
    follower.finish()
    assert (follower.what_is_missing(), follower.unusable()) == ("", None)


def test_a_near_miss_in_the_output_is_told_where_the_output_counts(tmp_path: Path, follow: Watch) -> None:
    """Of a script that logs to W&B the lines that it prints beside are nobody's concern."""
    put(tmp_path / "log.txt", "\x1b[1mLoss\x1b[0m: 0.5\n| loss | 0.4 |\n")
    follower = follow()
    assert follower.finish() == []
    assert [miss.printed for miss in follower.near_misses()] == ["Loss: 0.5", "loss | 0.4"]
    put(tmp_path / "log.txt", "loss: 0,3\n")
    follower = follow()
    assert follower.finish() == []
    assert [miss.printed for miss in follower.near_misses()] == ["loss: 0,3"]
    put(tmp_path / RUN, wandb_rows(1))
    follower = follow()
    assert values(follower.finish()) == [1]
    assert follower.near_misses() == []


def test_rows_of_other_metrics_are_left_out(tmp_path: Path, follow: Watch) -> None:
    """They would fill the memory of a long sweep, and count for nothing."""
    put(tmp_path / "metrics.jsonl", '{"acc": 1}\n{"loss": null, "acc": 2}\n{"acc": 3}\n')
    assert values(follow().read()) == [None]


@pytest.mark.parametrize("limit", ["inotify_instances", "inotify_watches"])
def test_without_watches_from_the_kernel_the_reader_looks_by_itself(tmp_path: Path, limit: str) -> None:
    """The limits per user may be reached by other programs. A user namespace of its own gives a process a limit of none."""
    script = f"""
from pathlib import Path
from scheduler.tracking.readers.follower import Follower
run = Path({str(tmp_path)!r})
follower = Follower(run, ["loss"])
print(len(follower.read()), follower.patience() < 1, follower.fileno() > 0)
(run / "metrics.jsonl").write_text('{{"loss": 1}}\\n')
print(len(follower.read()), follower.patience())
follower.close(); follower.close()
"""
    result = limited(script, limit, 0)
    assert result.stdout.split() == ["0", "True", "True", "1", "0.5"], result.stderr


def test_open_files_of_processes_are_found(tmp_path: Path) -> None:
    """Deleted files, pipes and processes that are gone are left out."""
    kept, gone = tmp_path / "kept", tmp_path / "gone"
    with kept.open("w"), gone.open("w"):
        gone.unlink()
        found = opened_by([os.getpid(), 2**22 + 1])
    assert kept in found
    assert not [path for path in found if path.parent == tmp_path and path != kept]  # this process has files of others open


def test_without_names_the_first_kind_of_log_that_has_a_number_counts(tmp_path: Path, follow: Watch) -> None:
    """A job of `run` has no metric that anybody has named."""
    put(tmp_path / "log.txt", "epoch 1: loss=0.5\nepoch 2: loss=0.25, acc=0.75\n")
    put(tmp_path / "metrics.jsonl", '{"_config": {}}\n{"note": "no number"}\n')
    follower = follow(nameless=True)
    follower.read()
    found = follower.finish()
    assert (follower.source, follower.anew) == (OUTPUT, True)
    assert [dict(row.values) for row in found] == [{"loss": 0.5}, {"loss": 0.25, "acc": 0.75}]


def test_without_names_an_earlier_kind_takes_over_and_the_rows_before_it_count_no_more(tmp_path: Path, follow: Watch) -> None:
    """Rows of two logs are never mixed, also where all names are wanted."""
    put(tmp_path / "log.txt", "loss=0.5\n")
    follower = follow(nameless=True, gather=True)
    assert follower.read()
    assert follower.logged().source == OUTPUT
    put(tmp_path / RUN, wandb_rows(1, 2, name="cer"))
    found = listen(follower, lambda rows: len(rows) >= 2)
    assert follower.source == WANDB
    assert [dict(row.values) for row in found] == [{"cer": 1}, {"cer": 2}]
    assert (follower.logged().rows, dict(follower.logged().last)) == (2, {"cer": 2})


def test_what_stands_beside_the_metric_is_gathered_of_the_same_log(tmp_path: Path, follow: Watch) -> None:
    """A sweep wants one metric, and a person all of them: one follower reads both."""
    put(tmp_path / "metrics.jsonl", '{"train": 1.0, "_step": 1}\n{"loss": 0.5, "_step": 2}\n{"train": 0.5, "_step": 3}\n')
    follower = follow(gather=True)
    assert values(follower.finish()) == [0.5]
    found = follower.logged()
    assert (found.source, found.rows, dict(found.last), found.step) == (METRIC_LOG, 3, {"train": 0.5, "loss": 0.5}, 3)


def test_where_the_metric_is_nowhere_what_was_logged_instead_is_gathered(tmp_path: Path, follow: Watch) -> None:
    """The trial has a wrong name; what it logged is the way to see that."""
    put(tmp_path / RUN, wandb_rows(1, 2, name="cer"))
    follower = follow(gather=True)
    assert follower.finish() == []
    assert (follower.logged().source, dict(follower.logged().last)) == (WANDB, {"cer": 2})


def test_two_writers_of_one_job_are_both_gathered_and_told_apart_by_their_folders(
    tmp_path: Path, own: Path, follow: Watch
) -> None:
    """`SummaryWriter("runs/train")` and `SummaryWriter("runs/val")`: the curve of the one that came first was lost."""
    written = [event_file(own / "runs/train", 0.9, 0.8), event_file(own / "runs/val", 1.0, 1.5)]
    event_file(tmp_path / "tb/val", 0.1, 0.2, tag="acc")
    follower = follow(nameless=True, gather=True, open_files=lambda: written)
    follower.finish()
    found = follower.logged()
    assert (found.source, found.rows, found.step) == (TENSORBOARD, 6, 1)
    lasts = {name: round(series.last, 3) for name, series in found.series.items()}
    assert lasts == {"train/loss": 0.8, "val/loss": 1.5, "acc": 0.2}


def test_a_second_writer_is_seen_while_the_job_runs(tmp_path: Path, follow: Watch) -> None:
    """Validation begins after the first epoch, and what is asked meanwhile must have both."""
    event_file(tmp_path / "logs/train", 0.9)
    follower = follow(nameless=True, gather=True)
    follower.read()
    assert set(follower.logged().series) == {"loss"}
    event_file(tmp_path / "logs/val", 1.0)
    rows: list[Row] = []
    while not rows:
        rows = follower.read()
    assert (values(rows), follower.anew) == ([1.0], False)
    assert set(follower.logged().series) == {"train/loss", "val/loss"}


def test_the_metric_of_a_sweep_is_that_of_one_folder_and_the_rest_of_both_is_gathered(tmp_path: Path, follow: Watch) -> None:
    """What decides over a trial is one history; what a person looks at is everything."""
    for folder, loss in (("train", 0.9), ("val", 1.5)):
        event_file(tmp_path / "logs" / folder, loss)
        event_file(tmp_path / "logs" / folder, loss, tag="acc")
    follower = follow(gather=True)
    assert values(follower.finish()) == [1.5]
    found = {name: series.last for name, series in follower.logged().series.items()}
    assert {name: round(value, 3) for name, value in found.items()} == {
        "train/loss": 0.9,
        "train/acc": 0.9,
        "loss": 1.5,
        "val/acc": 1.5,
    }
    named = follow("val/loss", gather=True)
    assert values(named.finish(), "val/loss") == [1.5]
    assert {"val/loss", "train/loss"} <= set(named.logged().series)


def test_of_the_folders_of_ranks_that_of_rank_0_alone_is_gathered(tmp_path: Path, follow: Watch) -> None:
    """Eight ranks that log the same loss are not eight curves."""
    event_file(tmp_path / "tb/rank0", 0.5)
    event_file(tmp_path / "tb/rank1", 0.6)
    follower = follow(nameless=True, gather=True)
    follower.finish()
    assert {name: series.last for name, series in follower.logged().series.items()} == {"loss": 0.5}


def test_the_name_that_a_job_is_judged_by_is_that_of_the_folder_that_counts(tmp_path: Path, follow: Watch) -> None:
    """`policy.objective: loss` ranked such jobs before their folders were told apart."""
    event_file(tmp_path / "logs/train", 0.9)
    event_file(tmp_path / "logs/val", 1.5)
    follower = follow(nameless=True, gather=True, judged_by=["loss"])
    follower.finish()
    assert {name: round(series.last, 3) for name, series in follower.logged().series.items()} == {"train/loss": 0.9, "loss": 1.5}
