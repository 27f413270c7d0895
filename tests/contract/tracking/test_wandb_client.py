"""The real W&B client, offline, in a process of its own: unmodified scripts get their parameters and are read live."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening import listen

from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.kinds import WANDB
from scheduler.tracking.readers.rows import Row, finite
from scheduler.tracking.readers.wandb_framing import Records
from scheduler.tracking.readers.wandb_records import fields, history, leads, update_summary
from scheduler.tracking.wandb_offline import PARAMETERS, wandb_environment, write_parameters
from tests.conftest import ROOT, user_environment

pytest.importorskip("wandb")

SCRIPT = ROOT / "tests/data/tracking/wandb_script.py"


@contextmanager
def training(run: Path, *arguments: str, metrics: tuple[str, ...] = ("loss",)) -> Iterator[tuple[subprocess.Popen, Follower]]:
    """The script as a trial would run it, and a follower of it."""
    write_parameters(run / PARAMETERS, {"lr": 1e-5, "net": {"depth": 3, "name": "x"}, "flag": True})
    changes = wandb_environment({}, run, "id-7", "sweep 7", ["trial 3", "a,b"])
    environment = user_environment(**{name: value for name, value in changes.items() if value is not None}, HOME=str(run))
    with (run / "log.txt").open("ab") as log:
        process = subprocess.Popen([sys.executable, str(SCRIPT), *arguments], env=environment, cwd=run, stdout=log, stderr=log)
    follower = Follower(run, metrics)
    try:
        yield process, follower
    finally:
        process.kill()
        process.wait()
        follower.close()


def losses(rows: list[Row]) -> list[float | None]:
    return [finite(row, "loss") for row in rows]


def test_rows_are_read_while_the_script_trains_and_stay_when_it_is_interrupted(tmp_path: Path) -> None:
    """A trial is stopped early by what it logged, and what it logged is kept."""
    with training(tmp_path, "--lr=0.5", "--epochs=100000", "--pause=0.05") as (process, follower):
        rows = listen(follower, lambda rows: len(rows) >= 5)
        assert process.poll() is None
        assert follower.exit_code is None
        process.send_signal(signal.SIGINT)
        process.wait(60)
        rows += follower.finish()
        assert follower.source == WANDB
        assert losses(rows) == [1 / (n + 1) for n in range(len(rows))]
        assert [row.step for row in rows] == list(range(len(rows)))
        assert follower.exit_code == 255
        assert finite(Row(None, follower.summary), "loss") == losses(rows)[-1]
        assert follower.notices() == []


def test_the_script_finds_its_parameters(tmp_path: Path) -> None:
    """`wandb.config` has the trial's values in place of the script's own; group and tags say which sweep it was."""
    with training(tmp_path, "--epochs=1") as (process, _):
        assert process.wait(60) == 0, (tmp_path / "log.txt").read_text()
    (line,) = [line for line in (tmp_path / "log.txt").read_text().splitlines() if line.startswith("config ")]
    config, end = json.JSONDecoder().raw_decode(line.removeprefix("config "))
    assert config == {"own": 1, "lr": 1e-5, "net": {"depth": 3, "name": "x"}, "flag": True}
    assert line.removeprefix("config ")[end:].strip() == "sweep 7 trial 3 a b None"


def test_every_way_of_logging_gives_the_rows_that_the_client_keeps(tmp_path: Path) -> None:
    """Rows with commit=False and with a step wait for the next call; the last one is there in the end."""
    with training(tmp_path, "--epochs=2", "--ways", metrics=("loss", "best")) as (process, follower):
        assert process.wait(60) == 0
        rows = follower.finish()
    numbers = [finite(row, "loss") for row in rows]
    assert numbers == [1.0, 0.5, None, 0.04, 0.03]
    assert math.isnan(rows[2].values["loss"])
    assert [row.step for row in rows][-2:] == [100, 200]
    assert (follower.summary["best"], follower.exit_code) == (0.01, 0)


def test_a_metric_that_only_the_summary_has_is_found_in_the_end(tmp_path: Path) -> None:
    """`wandb.summary["best"] = x` after training is all that some scripts report."""
    with training(tmp_path, "--epochs=2", "--ways", metrics=("best",)) as (process, follower):
        process.wait(60)
        assert follower.finish() == []
        assert (follower.source, follower.summary["best"]) == (WANDB, 0.01)


def test_a_nested_metric_is_found_by_its_dotted_name(tmp_path: Path) -> None:
    """As in a sweep file's `metric: {name: val.cer}`."""
    with training(tmp_path, "--epochs=3", metrics=("val.cer",)) as (process, follower):
        process.wait(60)
        assert [finite(row, "val.cer") for row in follower.finish()] == [0, 1, 2]


def test_a_killed_script_keeps_the_rows_that_were_flushed(tmp_path: Path) -> None:
    """No exit record is written; the rows stay."""
    with training(tmp_path, "--epochs=100000", "--pause=0.05") as (process, follower):
        before = listen(follower, lambda rows: len(rows) >= 3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
        rows = before + follower.finish()
    assert losses(rows) == [1 / (n + 1) for n in range(len(rows))]


VALUES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(), st.booleans(), st.none())


def same(left: object, right: object) -> bool:
    return repr(left) == repr(right)


@settings(max_examples=60)
@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4), st.integers(0, 2**63 - 1))
def test_messages_of_the_client_are_read_as_they_were_meant(values: dict, step: int) -> None:
    """Its own protocol buffers, in JSON and in the typed form of 0.31: the field numbers are no guess."""
    from wandb.proto import wandb_internal_pb2 as proto

    record = proto.HistoryRecord(step=proto.HistoryStep(num=step))
    summary = proto.SummaryRecord()
    for name, value in values.items():
        record.item.add(nested_key=["j", name], value_json=json.dumps(value))
        typed = {bool: "boolean", int: "integer", float: "number", str: "text", type(None): "none"}[type(value)]
        record.item.add(key=name, **{typed: 0 if value is None else value})
        summary.update.add(key=name, value_json=json.dumps(value))
    whole = proto.Record(num=3, history=record).SerializeToString()
    row = history(dict(fields(whole))[2])
    typed_values = {name: value for name, value in row.values.items() if name != "j" or "j" in values}
    assert row.step == step
    if "j" not in values:
        assert same(sorted(typed_values.items()), sorted(values.items()))
        assert same(row.values.get("j", {}), values)
    known: dict = {"gone": 1}
    summary.remove.add(key="gone")
    update_summary(known, summary.SerializeToString())
    assert same(known, values) or "gone" in values


def test_what_a_run_says_of_its_rank_is_read_as_the_client_writes_it() -> None:
    """Of one run per rank that of rank 0 is the trial's; by its name, its type, its configuration, or its command line."""
    from wandb.proto import wandb_internal_pb2 as proto

    def said(**record: object) -> bool:
        ((kind, message),) = fields(proto.Record(**record).SerializeToString())  # type: ignore[arg-type]
        return leads(kind, message)

    def config(**values: object) -> object:
        items = [{"key": name, "value_json": json.dumps(value)} for name, value in values.items()]
        return proto.ConfigRecord(update=items)  # type: ignore[arg-type]

    assert said(run=proto.RunRecord(display_name="ddp-rank0", run_group="ddp"))
    assert said(run=proto.RunRecord(job_type="rank_0"))
    assert said(run=proto.RunRecord(config=config(lr=0.1, rank=0)))
    assert said(config=config(LOCAL_RANK="0"))
    assert said(environment=proto.EnvironmentRecord(args=["--lr=0.1", "--local-rank", "0"]))
    assert not said(run=proto.RunRecord(display_name="rank1", run_group="rank0", config=config(rank=1, local_rank=0)))
    assert not said(environment=proto.EnvironmentRecord(args=["--local-rank", "1", "--lr", "0"]))


def test_files_of_the_client_have_no_other_layers(tmp_path: Path) -> None:
    """Every record of a real file is one that the client's own classes can read, and no byte is left over."""
    from wandb.proto import wandb_internal_pb2 as proto

    with training(tmp_path, "--epochs=400") as (process, _):
        process.wait(60)
    (path,) = tmp_path.glob("wandb/*run-*/run-*.wandb")
    records = Records()
    kinds = [proto.Record.FromString(each).WhichOneof("record_type") for each in records.take(path.read_bytes())]
    assert records.position == path.stat().st_size > 65536
    assert (kinds[0], kinds.count("history"), kinds[-1]) == ("header", 400, "exit")
