"""The training loop with real networks on a handful of generated samples."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.conftest import user_environment  # noqa: E402
from text_recognizer.building import model_of  # noqa: E402
from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.errors import TrainingFailed  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.training.checkpoints import load  # noqa: E402
from text_recognizer.training.loop import Listeners, Outcome, Training  # noqa: E402

CPU = torch.device("cpu")
SMALL = {"train_size": 64, "val_size": 16, "test_size": 16}
CHARACTERS = {"network": "lenet", "dataset_args": {**SMALL, "train_size": 450}}
LINES = {"network": "line_lstm_ctc", "dataset_args": {**SMALL, "max_length": 12}}


class Rows:
    """A tracker that keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.predicted: list[tuple[int, int]] = []

    def log(self, values: dict[str, float], step: int) -> None:
        self.rows.append({"step": step, **values})

    def predictions(self, rows: list[dict[str, Any]], images: list[Any], step: int) -> None:
        assert len(rows) == len(images)
        self.predicted.append((step, len(rows)))


def prepared(given: dict[str, Any], listeners: Listeners, **train_args: Any) -> Training:
    experiment = read({**given, "train_args": train_args})
    torch.manual_seed(experiment.train_args.seed)
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    return Training(experiment, model_of(experiment, data, CPU), data, CPU, listeners)


def trained(given: dict[str, Any], directory: Path, **train_args: Any) -> tuple[Outcome, Rows, list[str]]:
    rows, said = Rows(), []
    outcome = prepared(given, Listeners(rows, directory, said.append), **train_args).run()
    return outcome, rows, said


@pytest.mark.parametrize(("given", "batch"), [(CHARACTERS, 45), (LINES, 8)], ids=["characters", "lines"])
def test_the_loss_falls(tmp_path: Path, given: dict[str, Any], batch: int) -> None:
    """A loop that steps in the wrong order, or on stale gradients, still runs to its end."""
    _, rows, _ = trained(given, tmp_path, epochs=6, batch_size=batch)
    assert rows.rows[-1]["train_loss"] < 0.75 * rows.rows[0]["train_loss"]


def test_every_epoch_is_logged_with_predictions(tmp_path: Path) -> None:
    """Reports and early stopping of sweeps live on these rows, and tables have room for the first few names of one."""
    _, rows, said = trained(LINES, tmp_path, epochs=2, batch_size=32)
    assert [r["step"] for r in rows.rows] == [1, 2]
    names = [name for name in rows.rows[0] if name != "step"]
    assert names == ["train_loss", "val_loss", "val_cer", "val_wer", "lr", "lines_per_second", "cpu_seconds"]
    assert rows.predicted == [(1, 16), (2, 16), (3, 16)]
    assert sum(line.startswith("epoch ") for line in said) == 2


def test_the_same_seed_trains_the_same_weights(tmp_path: Path) -> None:
    """Otherwise no two rows of a result table compare."""
    first, second = (trained(LINES, tmp_path / name, epochs=1, batch_size=16, precision="32")[0] for name in "ab")
    a, b = load(first.weights).weights, load(second.weights).weights
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_final_test_uses_the_best_epoch(tmp_path: Path) -> None:
    """The last epoch may be far worse than the best."""
    outcome, rows, _ = trained(CHARACTERS, tmp_path, epochs=4, batch_size=45)
    figures = [r["val_accuracy"] for r in rows.rows]
    about = load(tmp_path / "best.pt").about
    assert about["figure"] == max(figures) == outcome.best.figure
    assert about["epoch"] == outcome.best.epoch
    assert outcome.weights == tmp_path / "best.pt"
    assert load(tmp_path / "last.pt").about["epoch"] == 4


def test_dropout_and_norms_know_when_they_are_being_trained(tmp_path: Path) -> None:
    """A loop that forgets to say so trains without dropout, or validates with it, and nobody sees."""
    training = prepared(CHARACTERS, Listeners(Rows(), tmp_path, lambda _: None), epochs=2, batch_size=225)
    modes: list[bool] = []
    training.model.network.register_forward_pre_hook(lambda network, _: modes.append(network.training))
    training.run()
    fit, validate = [True, True], [False, False]  # once for the figures, once for the loss
    assert modes == [*fit, *validate, *fit, *validate, False]


def test_a_checkpoint_rebuilds_its_network(tmp_path: Path) -> None:
    """Weights without the experiment that made them are of no use a month later."""
    outcome, _, _ = trained(LINES, tmp_path, epochs=1, batch_size=32)
    kept = load(outcome.weights)
    experiment = read(kept.experiment)
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    model = model_of(experiment, data, CPU)
    model.network.load_state_dict(kept.weights)
    model.network.eval()
    (batch,) = model.batches(data.test, 64, CPU)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=False):
        predictions = model.predict(batch)
    assert kept.classes == data.classes
    assert all(0 <= p.confidence <= 1 for p in predictions)


def test_a_training_that_stands_still_stops_early(tmp_path: Path) -> None:
    """With a learning rate of nothing no epoch is better than the first."""
    _, rows, said = trained(CHARACTERS, tmp_path, epochs=50, batch_size=450, lr=0.0, patience=2)
    assert len(rows.rows) == 3
    assert said[-1] == "no better epoch since epoch 1: stopping early"


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    """Hours of nan would look like a running job."""
    with pytest.raises(TrainingFailed, match=r"lower train_args\.lr"):
        trained(CHARACTERS, tmp_path, epochs=3, batch_size=45, lr=1e30, clip=1e30, precision="32")


def test_a_budget_of_cpu_time_ends_the_training(tmp_path: Path) -> None:
    """Trainings of different networks compare at the same cost; the schedule must still come to its end."""
    rows = Rows()
    training = prepared(LINES, Listeners(rows, tmp_path, lambda _: None), cpu_minutes=2, batch_size=8, epochs=1, patience=0)
    assert training.state.course.cpu_seconds == 120
    # What it took until here, imports and drawing of the data, is a matter of the machine and of the tests before this one.
    training.state.course.cpu_seconds = time.process_time() + 1
    outcome = training.run()
    assert rows.rows[-1]["cpu_seconds"] >= training.state.course.cpu_seconds
    assert "val_cer" in rows.rows[-1]
    assert outcome.best.epoch >= 1


def test_an_average_reads_in_place_of_the_weights(tmp_path: Path) -> None:
    """Validated with one set of weights and saved with another, the best epoch would be a lottery."""
    training = prepared(LINES, Listeners(Rows(), tmp_path, lambda _: None), epochs=2, batch_size=16, ema=0.99)
    training.run()
    assert training.reader.network is not training.model.network
    kept, raw = load(tmp_path / "last.pt").weights, training.model.network.state_dict()
    assert not any(torch.equal(kept[name], raw[name]) for name in ("head.weight", "stem.convolution.weight"))


def test_beams_read_the_test_set_and_nothing_before_it(tmp_path: Path) -> None:
    """Searching in every validation would make an epoch of lines several times longer, for a choice that it hardly changes."""
    training = prepared(LINES, Listeners(Rows(), tmp_path, lambda _: None), epochs=2, batch_size=16, beams=3)
    read_with, predict = [], type(training.model).predict

    class Watched(type(training.model)):  # type: ignore[misc]
        def predict(self, batch):
            read_with.append((len(batch.texts), self.beams))
            return predict(self, batch)

    training.reader.__class__ = Watched
    outcome = training.run()
    beams = [beams for _, beams in read_with]
    assert beams == sorted(beams)
    assert set(beams) == {1, 3}
    assert sum(size for size, beams in read_with if beams == 3) == len(training.data.test)
    assert set(outcome.figures) == {"cer", "wer"}


def test_a_few_batches_can_be_learned_by_heart(tmp_path: Path) -> None:
    """`overfit_batches` is how people find a mistake in a network: if it cannot learn even those, something is broken."""
    by_heart = {"overfit_batches": 1, "batch_size": 20, "epochs": 100, "patience": 0, "validate_every": 50}
    outcome, rows, said = trained(CHARACTERS, tmp_path, **by_heart)
    assert "20 images to train on" in said[0]
    assert outcome.figures["accuracy"] == 1.0
    assert rows.rows[-1]["val_accuracy"] == 1.0


@pytest.mark.parametrize(("limit", "steps"), [(2, 2), (0.5, 5), (0, 10), (100, 10)])
def test_an_epoch_can_be_cut_short(tmp_path: Path, limit: float, steps: int) -> None:
    """For a first try of a long training; the schedule must still reach its end."""
    training = prepared(
        CHARACTERS, Listeners(Rows(), tmp_path, lambda _: None), limit_train_batches=limit, batch_size=45, epochs=2
    )
    seen: list[int] = []
    training.model.network.register_forward_pre_hook(lambda network, _: seen.append(1) if network.training else None)
    training.run()
    assert len(seen) == 2 * steps
    assert training.state.course.share == 1.0


def test_gradients_can_be_watched(tmp_path: Path) -> None:
    """A part whose gradient vanishes is the first thing to look for."""
    _, rows, _ = trained(LINES, tmp_path, watch=True, batch_size=32, epochs=1)
    watched = {name: value for name, value in rows.rows[0].items() if name.startswith("gradient/")}
    assert set(watched) == {f"gradient/{part}" for part in ("stem", "columns", "across", "head", "shortcut")}
    assert all(value > 0 for value in watched.values())


def test_validations_can_be_rare_but_the_last_epoch_has_one(tmp_path: Path) -> None:
    """A figure of the last epoch alone was chosen by nothing."""
    outcome, rows, _ = trained(LINES, tmp_path, validate_every=3, batch_size=32, epochs=4, patience=1)
    assert ["val_cer" in row for row in rows.rows] == [False, False, True, True]
    assert outcome.best.epoch in (3, 4)


def test_patience_does_not_run_out_before_the_first_validation(tmp_path: Path) -> None:
    """With rare validations, epochs without a figure are no epochs without progress."""
    _, rows, _ = trained(CHARACTERS, tmp_path, validate_every=100, patience=2, batch_size=450, epochs=5)
    assert len(rows.rows) == 5


NARROW = """
import torch
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.experiment import read
from text_recognizer.building import model_of
torch.set_num_threads(2)
few = LineSplit((), ())
experiment = read({"network": "line_lstm_ctc", "network_args": {"channels": 8, "hidden": 8}})
network = model_of(experiment, DATA, torch.device("cpu")).network
for i in range(40):
    count, width = (7, 128) if i % 2 else (9, 64)
    network(torch.rand(count, 32, width), torch.full((count,), width))[0].sum().backward()
""".replace("DATA", "Lines(LineSplit((__import__('numpy').zeros((32, 8), 'u1'),), ('a',)), few, few, 'ab')")


def test_narrow_convolutions_survive_batches_of_changing_size() -> None:
    """Two threads and weights with their channels last ended in `double free or corruption` (PyTorch 2.15, CPU)."""
    patient = user_environment(OMP_WAIT_POLICY="PASSIVE")  # who waits for the other thread need not burn a core
    result = subprocess.run([sys.executable, "-c", NARROW], env=patient, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr


def test_lines_that_are_too_short_for_their_texts_are_told(tmp_path: Path) -> None:
    """CTC needs a frame per character; PyTorch counts what does not fit as a loss of 0, which looks like perfect learning."""
    few_frames = {**LINES, "network": "LineCNN", "network_args": {"window_stride": 400}}
    with pytest.raises(TrainingFailed, match=r"no text fits into the frames .*window_stride"):
        trained(few_frames, tmp_path / "none", epochs=1, batch_size=16)
    some_frames = {**LINES, "network": "LineCNN", "network_args": {"window_stride": 11}}
    _, _, said = trained(some_frames, tmp_path / "some", epochs=2, batch_size=16, augment=0.0)
    told = [line for line in said if "too few frames to be learned from" in line]
    assert len(told) == 1
    assert int(told[0].split(" of 64 ")[0]) > 0


@pytest.mark.parametrize(("optimizer", "lr"), [("AdamW", 0.004), ("Muon", 0.004), ("Adam", 0.004), ("RAdam", 0.02), ("SGD", 0.1)])
def test_every_optimizer_learns_and_goes_on_where_it_was(tmp_path: Path, optimizer: str, lr: float) -> None:
    """Each keeps other things between two steps; what is not kept is missing after a kill."""
    options = {"optimizer": optimizer, "lr": lr, "batch_size": 45, "epochs": 3, "precision": "32"}
    whole, rows, _ = trained(CHARACTERS, tmp_path / "whole", **options)
    assert rows.rows[-1]["train_loss"] < 0.99 * rows.rows[0]["train_loss"]
    training = prepared(CHARACTERS, Listeners(Rows(), tmp_path / "part", lambda _: None), **options)
    assert type(training.state.descent.optimizer).__name__ == optimizer
    training._epoch()
    kept = tmp_path / "part" / "training.pt"
    again = prepared(CHARACTERS, Listeners(Rows(), tmp_path / "part", lambda _: None), **options)
    again.go_on(load(kept), kept)
    outcome = again.run()
    first, second = load(whole.weights).weights, load(outcome.weights).weights
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_epoch_s_last_step_takes_the_batches_that_are_left(tmp_path: Path) -> None:
    """A gradient that is held over the end of an epoch is in no file: what went on after a kill would learn something else."""
    options = {"accumulate_grad_batches": 2, "batch_size": 100, "epochs": 2, "precision": "32", "ema": 0.5}
    whole, _, _ = trained(CHARACTERS, tmp_path / "whole", **options)
    training = prepared(CHARACTERS, Listeners(Rows(), tmp_path / "part", lambda _: None), **options)
    batches = math.ceil(len(training.data.train) / 100)
    assert batches % 2
    training._epoch()
    average = training.state.average
    assert average is not None
    assert int(average.n_averaged) == (batches + 1) // 2
    again = prepared(CHARACTERS, Listeners(Rows(), tmp_path / "part", lambda _: None), **options)
    again.go_on(load(tmp_path / "part" / "training.pt"), tmp_path / "part" / "training.pt")
    first, second = load(whole.weights).weights, load(again.run().weights).weights
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_validation_that_finds_no_memory_reads_in_smaller_batches(tmp_path: Path) -> None:
    """A GPU that others share may be full when an epoch is over: hours of training ended with its first validation."""
    training = prepared(CHARACTERS, Listeners(rows := Rows(), tmp_path, lambda _: None), epochs=1, batch_size=45)
    sizes: list[int] = []

    class Narrow(type(training.model)):  # type: ignore[misc]
        def predict(self, batch):
            sizes.append(len(batch))
            if len(batch) > 5:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 MiB")
            return super().predict(batch)

    training.reader.__class__ = Narrow
    training.run()
    assert sizes[:3] == [16, 16, 16]
    assert max(sizes[sizes.index(4) :]) == 4
    assert [number for _, number in rows.predicted] == [16, 16]
    assert "val_accuracy" in rows.rows[0]


def test_another_error_is_not_taken_for_a_lack_of_memory(tmp_path: Path) -> None:
    """It would be tried seven times, and then be said of a batch of one."""
    training = prepared(CHARACTERS, Listeners(Rows(), tmp_path, lambda _: None), epochs=1, batch_size=45)
    calls: list[int] = []

    class Wrong(type(training.model)):  # type: ignore[misc]
        def predict(self, batch):
            calls.append(len(batch))
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    training.reader.__class__ = Wrong
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        training.run()
    assert len(calls) == 1


def test_validation_reads_in_the_numbers_of_prediction(tmp_path: Path) -> None:
    """A figure in bf16 is not that of the reader whom people are given, who computes in float32."""
    training = prepared(CHARACTERS, Listeners(Rows(), tmp_path, lambda _: None), epochs=1, batch_size=450, precision="bf16")
    kinds: list[tuple[bool, torch.dtype]] = []
    network = training.model.network
    network.register_forward_hook(lambda n, _, output: kinds.append((n.training, output.dtype)))
    training.run()
    assert set(kinds) == {(True, torch.bfloat16), (False, torch.float32)}


def test_the_loss_of_a_validation_is_the_mean_over_its_samples(tmp_path: Path) -> None:
    """Sweeps rank by it; a mean over batches would weigh the last, smaller one too much."""
    training = prepared(CHARACTERS, Listeners(rows := Rows(), tmp_path, lambda _: None), epochs=1, batch_size=450)
    training._evaluation_batch = 3
    training.run()
    (whole,) = training.model.batches(training.data.val, 99, CPU)
    training.model.network.load_state_dict(load(tmp_path / "last.pt").weights)
    training.model.network.eval()
    with torch.no_grad():
        assert rows.rows[0]["val_loss"] == pytest.approx(training.model.loss(whole).item(), rel=1e-5)


TINY = """
import sys
import torch
from text_recognizer.run_experiment import main

assert main(sys.argv[1:]) == 0
torch.set_num_threads(2)
tiny = torch.full((4_000_000,), 1e-39)  # large enough for every thread to take its part
print("left", (tiny * 1.0).view(torch.int32).count_nonzero().item())
"""


def test_no_thread_of_a_training_computes_with_tiny_numbers(tmp_path: Path) -> None:
    """They take a hundred times as long, and the gradients of an LSTM are full of them; a thread that began before does not
    hear of it any more."""
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot")
    torch.set_flush_denormal(False)
    sizes = {"train_size": 90, "val_size": 45, "test_size": 45}
    given = {"network": "mlp", "dataset": "GeneratedCharacters", "dataset_args": sizes, "train_args": {"epochs": 1}}
    command = [sys.executable, "-c", TINY, json.dumps(given)]
    environment = user_environment(OMP_NUM_THREADS="2", CUDA_VISIBLE_DEVICES="-1")
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "left 0"
