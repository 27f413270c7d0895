"""The real clients of the trackers, offline, each in a process of its own: what a training logs is read back from their files."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scheduler.tracking.metric_log import rows
from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.kinds import METRIC_LOG
from scheduler.tracking.readers.rows import finite
from scheduler.tracking.readers.wandb_framing import Records
from scheduler.tracking.trackers.tensorboard import EventFileRun
from scheduler.tracking.trackers.training import Training
from tests.conftest import ROOT, user_environment

SCRIPT = ROOT / "tests/data/tracking/tracked_script.py"
CER = [0.5, 0.25, 0.5 / 3]


def trained(directory: Path, trackers: str, script: str | Path = SCRIPT, **more: str) -> tuple[str, str]:
    """What a training said on standard output and on standard error, as a job of `directory`."""
    for module in ("numpy", "PIL"):
        pytest.importorskip(module)
    given = {"EXP_QUEUE_TRACKERS": trackers, "EXP_QUEUE_RUN_DIR": str(directory), "HOME": str(directory.parent), **more}
    environment = user_environment(EXP_QUEUE_METRICS=str(directory / "metrics.jsonl"), **given)
    ended = subprocess.run(
        [sys.executable, str(script)], env=environment, cwd=directory.parent, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert [row["cer"] for row in rows(directory / "metrics.jsonl") if "cer" in row] == CER
    return ended.stdout, ended.stderr


def test_tensorboard_reads_what_a_training_logs_and_the_metric_log_stays_first(tmp_path: Path) -> None:
    """By TensorBoard's own reader. Whoever follows the job goes on reading the metric log."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    assert trained(tmp_path / "run", "tensorboard") == ("of the training\n", "")
    (file,) = (tmp_path / "run" / "tensorboard").iterdir()
    found = reader.EventAccumulator(str(file), size_guidance=reader.STORE_EVERYTHING_SIZE_GUIDANCE).Reload()
    assert [(each.step, round(each.value, 6)) for each in found.Scalars("cer")] == [
        (10 * step, round(value, 6)) for step, value in enumerate(CER)
    ]
    assert math.isnan(found.Scalars("val.loss")[0].value)
    assert [(each.step, round(each.value, 6)) for each in found.Scalars("test_cer")] == [(20, 0.3)]
    assert [(each.step, each.width, each.height) for each in found.Images("picture")] == [(0, 5, 4), (10, 5, 4), (20, 5, 4)]
    assert found.Images("picture")[0].encoded_image_string.startswith(b"\x89PNG")
    assert [(each.width, each.height) for each in found.Images("predictions/image")] == [(6, 4)]
    (histogram, *_) = [each.histogram_value for each in found.Histograms("weights")]
    assert (histogram.min, histogram.max, histogram.num, sum(histogram.bucket)) == (0, 19, 20, 20)
    assert len(histogram.bucket) == len(histogram.bucket_limit)
    below = zip(histogram.bucket_limit, histogram.bucket, strict=True)
    assert sum(count for limit, count in below if limit <= 9) == 9, "0 to 8"
    text = {tag: [each.tensor_proto.string_val[0].decode() for each in found.Tensors(f"{tag}/text_summary")] for tag in texts}
    assert text["word"] == ["hello"] * 3
    assert text["samples"] == ["| input | said |\n| --- | --- |\n| 1 | x\\|y |\n| 2 |  |"]
    assert json.loads(text["config"][0]) == {"lr": 0.1, "net": {"depth": 3}, "sizes": [1, 2], "late": True}
    parameters = started(found)
    assert {name: parameters[name].number_value for name in ("lr", "net.depth")} == {"lr": 0.1, "net.depth": 3}
    assert parameters["late"].bool_value is True
    follower = Follower(tmp_path / "run", ("cer",))
    followed = [finite(row, "cer") for row in follower.finish()]
    assert (follower.source, followed) == (METRIC_LOG, CER)
    follower.close()


texts = ("word", "samples", "config")


def test_a_killed_training_has_lost_no_row_for_tensorboard(tmp_path: Path) -> None:
    """PyTorch's own writer keeps rows for two minutes, and TensorBoard shows nothing meanwhile."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = EventFileRun(Training(directory=tmp_path))
    run.log({"loss": 0.5}, None)
    run.log({"loss": 0.25}, None)
    (file,) = (tmp_path / "tensorboard").iterdir()
    assert [(each.step, each.value) for each in reader.EventAccumulator(str(file)).Reload().Scalars("loss")] == [
        (0, 0.5),
        (1, 0.25),
    ]
    run.finish()


def started(found: Any) -> Any:
    """The parameters that TensorBoard's page of hyperparameters is made of."""
    from tensorboard.plugins.hparams import plugin_data_pb2

    content = found.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    return plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams


def test_wandb_has_the_rows_the_pictures_the_configuration_and_the_summary(tmp_path: Path) -> None:
    """What is shown at a step belongs to the row of that step, also where it comes after the row."""
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2 as proto

    stdout, stderr = trained(tmp_path / "run", "wandb")
    (log,) = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    assert stdout == "of the training\n"
    assert f"wandb: logged offline; to send it: wandb sync {log.parent}\n" in stderr
    records = [proto.Record.FromString(each) for each in Records().take(log.read_bytes())]
    history = [values_of(each.history.item) for each in records if each.WhichOneof("record_type") == "history"]
    assert [(row["_step"], row["cer"]) for row in history] == [(10 * step, value) for step, value in enumerate(CER)]
    assert [row["picture._type"] for row in history] == ["image-file"] * 3
    assert [row["weights._type"] for row in history] == ["histogram"] * 3
    assert history[-1]["samples.nrows"] == 2
    assert history[-1]["predictions._type"] == "table-file"
    summary = {name: value for each in records for name, value in values_of(each.summary.update).items()}
    assert summary["test_cer"] == 0.3
    (run,) = [each.run for each in records if each.WhichOneof("record_type") == "run"]
    config = {name: value for each in [run, *records] for name, value in values_of(each.config.update).items()}
    assert (run.display_name, run.project, config["net"], config["late"]) == ("eager", "exp-queue", {"depth": 3}, True)


def values_of(items: Any) -> dict[str, Any]:
    """By name; W&B writes JSON, or a number where it can."""
    found = {}
    for item in items:
        names = list(item.nested_key) or [item.key]
        kinds = [kind for kind in ("number", "integer", "text", "boolean") if kind in item.DESCRIPTOR.fields_by_name]
        typed = [getattr(item, kind) for kind in kinds if item.HasField(kind)]
        found[".".join(names)] = typed[0] if typed else json.loads(item.value_json or "null")
    return found


def test_swanlab_has_the_rows_the_pictures_and_the_configuration(tmp_path: Path) -> None:
    """Offline without an account, and without a word on standard output."""
    pytest.importorskip("swanlab")
    stdout, stderr = trained(tmp_path / "run", "swanlab")
    (folder,) = (tmp_path / "run" / "swanlog").glob("run-*")
    assert (stdout, stderr) == ("of the training\n", f"swanlab: logged offline; to send it: swanlab sync {folder}\n")
    config = (folder / "files" / "config.yaml").read_text()
    assert "depth: 3" in config
    assert "late" in config
    ended = subprocess.run(
        [sys.executable, "-c", READ_SWANLAB, str(next(folder.glob("*.swanlab")))],
        env=user_environment(HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = [tuple(each) for each in json.loads(ended.stdout)]
    assert [value for name, step, value in found if name == "cer"] == pytest.approx(CER)
    assert {(name, step) for name, step, _ in found} >= {(name, 20) for name in ("cer", "picture", "weights", "samples", "word")}
    assert "predictions/image" in {name for name, *_ in found}
    assert [value for name, _, value in found if name == "test_cer"] == pytest.approx([0.3])


READ_SWANLAB = """
import json, sys
from swanlab.proto.swanlab.record.v1.record_pb2 import Record
from swanlab.sdk.internal.core_python.store import DataStoreReader

reader, found = DataStoreReader(), []
reader.open(sys.argv[1])
for record in map(Record.FromString, reader):
    if record.HasField("scalar"):
        found.append((record.scalar.key, record.scalar.step, record.scalar.value.number))
    elif record.HasField("media"):
        found.append((record.media.key, record.media.step, None))
print(json.dumps(found))
"""


def test_trackio_has_the_rows_the_pictures_and_the_configuration(tmp_path: Path) -> None:
    """In a database inside of the attempt."""
    pytest.importorskip("trackio")
    stdout, stderr = trained(tmp_path / "run", "trackio")
    assert stdout == "of the training\n"
    assert stderr == f"trackio: to see it: TRACKIO_DIR={tmp_path}/run/trackio trackio show\n"
    with sqlite3.connect(tmp_path / "run" / "trackio" / "exp-queue.db") as store:
        logged = [
            (name, step, json.loads(row)) for name, step, row in store.execute("SELECT run_name, step, metrics FROM metrics")
        ]
        ((config,),) = store.execute("SELECT config FROM configs").fetchall()
    assert {name for name, *_ in logged} == {"eager"}
    assert [(step, row["cer"]) for _, step, row in logged if "cer" in row] == [(10 * at, value) for at, value in enumerate(CER)]
    kinds = {name: value["_type"] for *_, row in logged for name, value in row.items() if isinstance(value, dict)}
    assert kinds == {
        "picture": "trackio.image",
        "weights": "trackio.histogram",
        "samples": "trackio.table",
        "predictions": "trackio.table",
    }
    assert logged[-1][2]["test_cer"] == 0.3
    assert json.loads(config)["net"] == {"depth": 3}
    assert json.loads(config)["late"] is True


def test_a_tracker_that_is_not_installed_is_said_once_and_the_training_goes_on(tmp_path: Path) -> None:
    """With the words that install it. A folder `wandb` of earlier runs in the working directory is no client."""
    script = tmp_path / "script.py"
    (tmp_path / "wandb").mkdir()
    (tmp_path / "run").mkdir()
    script.write_text(
        "from scheduler import tracking\n"
        "tracker = tracking.init({'lr': 0.1}, trackers=['tensorboard'], wandb=True)\n"
        f"[tracker.log({{'cer': value}}) for value in {CER}]\n"
        "tracker.finish()\n"
    )
    environment = user_environment(EXP_QUEUE_METRICS=str(tmp_path / "run" / "metrics.jsonl"), EXP_QUEUE_TRACKERS="tb")
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT)])
    ended = subprocess.run([sys.executable, "-S", str(script)], env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines() == [
        f"exp-queue: nothing is sent to {name}, which is not installed here: `pip install 'exp-queue[{name}]'` installs it; "
        "the metric log has it all"
        for name in ("wandb", "tensorboard")
    ]
    assert [row["cer"] for row in rows(tmp_path / "run" / "metrics.jsonl") if "cer" in row] == CER
