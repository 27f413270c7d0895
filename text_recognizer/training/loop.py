"""The training loop: epochs of steps, a validation after each, the best weights for the final test."""

from __future__ import annotations

import copy
import itertools
import math
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from text_recognizer.data.data_set import DataSet, Split
from text_recognizer.errors import CheckpointError, TrainingFailed
from text_recognizer.experiment import Experiment
from text_recognizer.metrics import Prediction
from text_recognizer.models.augmentation import Augmentation
from text_recognizer.models.model import Batch, Model
from text_recognizer.training import checkpoints, language_choice, resume
from text_recognizer.training.adapting import adapted, otherwise, told
from text_recognizer.training.checkpoints import Checkpoint
from text_recognizer.training.compiling import compiled
from text_recognizer.training.early_stopping import BestEpoch
from text_recognizer.training.memory import out_of_memory
from text_recognizer.training.reading import BATCH, read_split
from text_recognizer.training.state import fresh

_SHOWN = 16

S = TypeVar("S", bound=Split)
B = TypeVar("B", bound=Batch)


class Tracker(Protocol):
    """The calls of `scheduler.tracking` that a training makes."""

    def log(self, values: Mapping[str, float], step: int) -> None: ...
    def predictions(self, rows: list[dict[str, str | float]], images: list[np.ndarray], step: int) -> None: ...


@dataclass(frozen=True)
class Listeners:
    """Where a training reports to: `tracker` takes the rows; `directory` receives `last.pt` and `training.pt` after every
    epoch and `best.pt` after every better one; `say` takes each line of progress."""

    tracker: Tracker
    directory: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a training came to: the best epoch, the final figures on the test set, where the weights are, and figures of what
    was made beside them, by their whole names."""

    best: BestEpoch
    figures: Mapping[str, float]
    weights: Path
    beside: Mapping[str, float] = field(default_factory=dict)


class Training(Generic[S, B]):
    """One experiment being trained: a model whose network is on `device`, and the data with its three splits."""

    def __init__(
        self, experiment: Experiment, model: Model[S, B], data: DataSet[S], device: torch.device, listeners: Listeners
    ) -> None:
        self.experiment, self.model, self.device, self.listeners = experiment, model, device, listeners
        self.options = experiment.train_args
        self.data = _few(data, self.options.overfit_batches, self.options.batch_size)
        self.state = fresh(model.network, self.options, len(self.data.train), model.goal, device)
        self.augmentation = Augmentation(self.options.augment, self.options.span_masks)
        self.reader = _reading_with(model, self.state.read_with)
        self._checked_room = False
        self._evaluation_batch = BATCH

    def go_on(self, saved: Checkpoint, file: Path) -> None:
        """Continues the training that left `saved`, read from `file`, whose best weights lie beside it."""
        resume.restore(self.state, saved, self.experiment, self.data.classes)
        best = file.with_name("best.pt")
        self.listeners.say(f"going on after epoch {self.state.epoch}, from {file}")
        if self.state.best.epoch and not _whole(best):
            self.listeners.say(f"{best} is missing or damaged: the best epoch is looked for among those that follow")
            self.state.best = BestEpoch(self.model.goal, first=self.state.epoch)
        elif self.state.best.epoch and best.parent != self.listeners.directory:
            self.listeners.directory.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(best, self.listeners.directory / "best.pt")
        if (threads := saved.about["threads"]) != torch.get_num_threads():
            self.listeners.say(f"it ran with {threads} threads, now {torch.get_num_threads()}: the last bits may differ")

    def start_from(self, saved: Checkpoint, file: Path, by_class: Collection[str] = ()) -> None:
        """Begins with the weights of `saved`, read from `file`, in place of random ones.

        `by_class` are the tensors with a row for each class, which are made fit for the classes of this data. Raises
        CheckpointError where its network is another.
        """
        old, new = saved.classes, self.data.classes
        if saved.experiment["network"] != self.experiment.network:
            raise CheckpointError(f"{file}: weights of {saved.experiment['network']}; give that network, or start without them")
        try:
            weights = adapted(saved.weights, self.model.network.state_dict(), by_class, old, new) if old != new else saved.weights
            self.state.start_from(weights)
        except (RuntimeError, KeyError) as error:
            reason = "its network has other network_args, or reads lines of another height"
            raise CheckpointError(f"{file}: {reason}; give the same ones") from error
        self.listeners.say(f"starting from the weights of {file}")
        for sentence in (told(old, new), otherwise(saved.experiment["dataset_args"], vars(self.experiment.dataset_args))):
            if sentence:
                self.listeners.say(sentence)

    def run(self) -> Outcome:
        """Trains until the budget is used up, or until patience runs out, then tests the best epoch's weights.

        Raises TrainingFailed where the loss is no longer finite.
        """
        language_choice.texts_asked_for(self.options)  # what cannot be read is said now, not when all is trained
        self._introduce()
        if self.options.compile:
            compiled(self.model.network, self.device, self.listeners.say)
        course = self.state.course
        began, share = time.monotonic(), course.share
        while not self._over():
            figures = self._epoch()
            left = (time.monotonic() - began) * (1 - course.share) / max(course.share - share, 1e-9)
            self._tell(figures, left)
        return self._finish()

    def _introduce(self) -> None:
        parameters = sum(p.numel() for p in self.model.network.parameters())
        size, numbers = len(self.data.train), str(self.state.descent.precision.dtype).removeprefix("torch.")
        self.listeners.say(
            f"{self.experiment.name}: {parameters:,} parameters, {size:,} {self.model.unit} to train on, "
            f"{numbers} on {self.device}"
        )

    def _over(self) -> bool:
        epoch, best, options = self.state.epoch, self.state.best, self.options
        if self.state.course.over:
            return True
        validated = epoch > 0 and epoch % options.validate_every == 0
        exhausted = validated and best.exhausted(epoch, options.patience, options.min_epochs)
        if exhausted:
            self.listeners.say(f"no better epoch since epoch {best.first}: stopping early")
        return exhausted

    def _epoch(self) -> dict[str, float]:
        """Trains for one epoch, validates where it is time, keeps all, and gives the row of the metric log."""
        state, course = self.state, self.state.course
        state.epoch += 1
        lr, began, seen = state.descent.lr(course.share), time.monotonic(), course.seen
        row = {"train_loss": self._fit()}
        speed = {f"{self.model.unit}_per_second": (course.seen - seen) / (time.monotonic() - began)}
        if state.epoch % self.options.validate_every == 0 or course.over:
            row |= {f"val_{name}": figure for name, figure in self._validate().items()}
        self._keep("last.pt")
        checkpoints.save(self.listeners.directory / resume.NAME, resume.snapshot(state, self.experiment, self.data.classes))
        # What was learned comes first: a table of many trainings has room for a few of these.
        row |= {"lr": lr, **speed, "cpu_seconds": course.used, **state.descent.watched()}
        self.listeners.tracker.log(row, step=state.epoch)
        return row

    def _fit(self) -> float:
        """One pass over the training set, or what is left of the budget; the mean loss over its steps."""
        state, course = self.state, self.state.course
        state.network.train()
        total, steps, lines = torch.zeros((), device=self.device), 0, 0
        for batch in self._batches():
            share = course.share
            total += state.learn(self.model, self.model.varied(batch, self.augmentation.at(share)), share)
            course.seen += len(batch)
            steps, lines = steps + 1, lines + len(batch)
            if course.cpu_seconds and course.over:
                break
        state.end_epoch()
        if not self._checked_room:
            self._check_room(lines)
        return self._finite(total.item() / max(steps, 1))

    def _check_room(self, seen: int) -> None:
        """Once, after the first epoch: asked after every step it would keep the device waiting."""
        self._checked_room, short = True, int(self.model.too_short)
        advice = "larger images or a network with a smaller stride (window_stride) give more"
        if short and short >= seen:
            raise TrainingFailed(f"no text fits into the frames that the network makes of its line; {advice}")
        if short:
            self.listeners.say(f"{short:,} of {seen:,} texts have too few frames to be learned from; {advice}")

    def _batches(self) -> Iterator[B]:
        """The batches of an epoch; those that `limit_train_batches` leaves out count as seen, for they are."""
        course, train, before = self.state.course, self.data.train, self.state.course.seen
        limit, size = self.options.limit_train_batches, self.options.batch_size
        batches = self.model.batches(train, size, self.device, self.state.generators.order)
        yield from itertools.islice(batches, _number(limit, len(train), size) if limit else None)
        if limit:
            course.seen = before + len(train)

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise TrainingFailed(f"the training loss became {loss}; lower train_args.lr or set train_args.precision to 32")
        return loss

    def _validate(self) -> dict[str, float]:
        state, before = self.state, self.state.best
        predictions, loss = self._read(self.data.val, state.epoch, with_loss=True)
        figures = self.reader.figures(predictions)
        state.best = before.after(state.epoch, figures[self.model.metric])
        if state.best is not before:
            self._keep("best.pt")
        return {"loss": loss, **figures}

    def _read(self, split: S, step: int, *, with_loss: bool = False) -> tuple[list[Prediction], float]:
        """The predictions for a split and the mean loss, in the numbers that a trained network reads with; the first few go to
        the tracker with their images. Where memory runs out, batches are halved."""
        while True:
            try:
                predictions, loss, images = self._read_in(self._evaluation_batch, split, with_loss)
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if self._evaluation_batch == 1 or not out_of_memory(error):
                    raise
                self._evaluation_batch //= 2
            else:
                self._show(predictions[: len(images)], images, step)
                return predictions, loss

    @torch.no_grad()
    def _read_in(self, size: int, split: S, with_loss: bool) -> tuple[list[Prediction], float, list[np.ndarray]]:
        predictions: list[Prediction] = []
        images: list[np.ndarray] = []
        total = torch.zeros((), device=self.device)
        for batch, of_batch in read_split(self.reader, split, self.device, size):
            if len(images) < _SHOWN:
                images = (images + self.reader.images(batch))[:_SHOWN]
            predictions += of_batch
            if with_loss:
                total += self.reader.loss(batch) * len(batch)
        return predictions, total.item() / max(1, len(predictions)), images

    def _show(self, predictions: list[Prediction], images: list[np.ndarray], step: int) -> None:
        rows: list[dict[str, str | float]] = [
            {"target": p.target, "prediction": p.prediction, "confidence": p.confidence} for p in predictions
        ]
        self.listeners.tracker.predictions(rows, images=images, step=step)

    def _keep(self, name: str) -> None:
        about = {"epoch": self.state.epoch, "metric": f"val_{self.model.metric}", "torch": torch.__version__}
        about["figure"] = self.state.best.figure if name == "best.pt" else None
        about |= self.model.needed(self.data)
        weights = self.reader.network.state_dict()
        checkpoint = Checkpoint(self.experiment.as_mapping(), self.data.classes, about, weights)
        checkpoints.save(self.listeners.directory / name, checkpoint)

    def _tell(self, row: dict[str, float], left: float) -> None:
        metric, unit = f"val_{self.model.metric}", self.model.unit
        of = "" if self.state.course.cpu_seconds else f"/{self.options.epochs}"
        figure = f"  {metric} {row[metric]:.4f}" if metric in row else ""
        speed = f"{row[f'{unit}_per_second']:.0f} {unit}/s"
        self.listeners.say(f"epoch {self.state.epoch}{of}  train_loss {row['train_loss']:.3g}{figure}  {speed}  eta {left:.0f} s")

    def _finish(self) -> Outcome:
        path = self.listeners.directory / ("best.pt" if self.state.best.epoch else "last.pt")
        self.reader.network.load_state_dict(checkpoints.load(path).weights)
        self.reader.beams = getattr(self.options, "beams", 1)  # readers of characters have none
        self.reader.looks = getattr(self.options, "looks", 1)
        test = self.reader.figures(self._read(self.data.test, self.state.epoch + 1)[0])
        beside = language_choice.made_beside(path, self.reader, self.data, self.options, self.device)
        (self.listeners.directory / resume.NAME).unlink(missing_ok=True)
        return Outcome(self.state.best, test, path, beside)


def _reading_with(model: Model[S, B], network: nn.Module) -> Model[S, B]:
    """The model as it validates and tests, which may be with another network than the one that learns."""
    reader = copy.copy(model)
    reader.network = network
    return reader


def _whole(file: Path) -> bool:
    try:
        checkpoints.load(file)
    except CheckpointError:
        return False
    return True


def _number(batches: float, samples: int, size: int) -> int:
    """How many batches are meant: below 1 a share of all, else their number."""
    return max(1, math.ceil(batches * samples / size)) if batches < 1 else math.ceil(batches)


def _few(data: DataSet[S], batches: float, size: int) -> DataSet[S]:
    """For `overfit_batches`: all three splits are the first few samples of the training set; 0 leaves the data alone."""
    return data.few(_number(batches, len(data.train), size) * size) if batches else data
