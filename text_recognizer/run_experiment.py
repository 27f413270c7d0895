"""`python -m text_recognizer.run_experiment`: trains the model of one experiment and tests it.

Exit status: 0 trained and tested, 1 the training failed, 2 wrong usage, 130 interrupted; what the claim of a GPU
raises brings its own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from text_recognizer import experiment as experiments
from text_recognizer.catalog import DATASETS, LINES, MODELS, NETWORKS
from text_recognizer.command import obeyed, print_anyhow
from text_recognizer.experiment import Experiment
from text_recognizer.flags import Request, parse

if TYPE_CHECKING:
    from text_recognizer.training.loop import Outcome, Training

PROGRAM = "python -m text_recognizer.run_experiment"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and gives its exit status; what a user can mend is said in one line on stderr."""
    return obeyed(PROGRAM, lambda: _obey(parse(sys.argv[1:] if arguments is None else arguments)))


def run(experiment: Experiment, request: Request) -> None:
    """Claims the device, makes the data, trains, tests, and keeps what was learned."""
    directory = result_directory(experiment)
    with contextlib.ExitStack() as stack:
        device = _device(request.gpu, stack)
        tracker = _tracker(experiment, request, directory)
        try:
            outcome = _train(experiment, device, tracker, directory)
        except BaseException:
            tracker.finish()
            _say_what_is_kept(directory / "checkpoints")
            raise
        figures = {f"test_{name}": figure for name, figure in outcome.figures.items()}
        tracker.finish(summary={**figures, "best_epoch": outcome.best.epoch})
    told = "  ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
    _say(f"{told}  (weights of epoch {outcome.best.epoch}: {outcome.weights})")
    if request.save:
        _say(f"saved {_save(experiment, outcome.weights)}")


def result_directory(experiment: Experiment) -> Path:
    """EXP_QUEUE_RUN_DIR where the queue gives one; else a new directory in ./runs, named by time and experiment."""
    given = os.environ.get("EXP_QUEUE_RUN_DIR")
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        return Path(given)
    return _new_directory(Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{experiment.name}")


def saved_weights(experiment: Experiment) -> Path:
    """Where `--save` keeps the weights: TEXT_RECOGNIZER_WEIGHTS or ./weights, then model, data set and network."""
    folder = Path(os.environ.get("TEXT_RECOGNIZER_WEIGHTS") or "weights")
    return folder / f"{experiment.model}_{experiment.dataset}_{experiment.network}.pt"


def build(experiment: Experiment, data: Any, device: Any) -> Any:
    """The model of an experiment, with fresh weights (from torch's global generator) on the device."""

    model: Any = MODELS.find(experiment.model).load()
    entry = NETWORKS.find(experiment.network)
    height = {"height": data.train.images[0].shape[0]} if entry.reads == LINES else {}
    network = entry.load()(experiment.network_args, model.classes_of(data), **height)
    network = network.to(device, memory_format=_memory_format(network, device))
    weight = getattr(experiment.network_args, "shortcut_weight", None)
    return model(network, data) if weight is None else model(network, data, weight)


def _memory_format(network: Any, device: Any) -> Any:
    """Channels last, which convolutions compute fastest; but not for narrow ones on the CPU.

    With fewer than 16 channels, two threads and batches of changing size, PyTorch 2.15 writes beyond its memory in the
    backward pass there ("double free or corruption"; gone without oneDNN, and with contiguous weights).
    """
    import torch

    narrow = any(m.out_channels < 16 for m in network.modules() if isinstance(m, torch.nn.Conv2d))
    return torch.contiguous_format if narrow and device.type == "cpu" else torch.channels_last


def _obey(request: Request) -> int:
    if request.help:
        from text_recognizer.help import text

        print_anyhow(text())
    else:
        run(experiments.read(request.experiment), request)
    return 0


def _new_directory(wanted: Path) -> Path:
    """A directory that did not exist: `wanted`, or with -2, -3 and so on where others started in the same second."""
    number = 1
    while True:
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return path


def _tracker(experiment: Experiment, request: Request, directory: Path) -> Any:
    from scheduler import tracking

    objective = MODELS.find(experiment.model).objective
    config = experiment.as_mapping()
    return tracking.init(config, objective=objective, directory=directory, wandb=request.wandb, name=experiment.name)


def _device(gpu: int | None, stack: contextlib.ExitStack) -> Any:
    """The torch device to train on; the claim, where one is asked for, lives as long as `stack`."""
    kind = ""
    if gpu is not None:
        from scheduler.gpus.lone import claim_devices

        claim = stack.enter_context(claim_devices(gpu))
        kind = claim.kind
        if claim.note:
            print(claim.note, file=sys.stderr)
    import torch

    return torch.device(kind or ("cuda" if torch.cuda.is_available() else "cpu"))


def _train(experiment: Experiment, device: Any, tracker: Any, directory: Path) -> Outcome:
    import torch

    from text_recognizer.training.loop import Listeners, Training

    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    torch.manual_seed(experiment.train_args.seed)
    model = build(experiment, data, device)
    training = Training(experiment, model, data, device, Listeners(tracker, directory / "checkpoints", _say))
    _start_from_what_is_there(training, directory)
    return training.run()


def _start_from_what_is_there(training: Training, directory: Path) -> None:
    """Goes on with the job's own interrupted training; else with `load_checkpoint`, which may also hold mere weights."""
    from text_recognizer.training import resume
    from text_recognizer.training.checkpoints import load

    found = resume.earlier(directory, training.experiment.as_mapping())
    given = Path(training.options.load_checkpoint)
    if found:
        training.go_on(found[1], found[0])
    elif training.options.load_checkpoint and given.name == resume.NAME:
        training.go_on(load(given), given)
    elif training.options.load_checkpoint:
        training.start_from(load(given), given)


def _say_what_is_kept(directory: Path) -> None:
    last = directory / "last.pt"
    if last.exists():
        _say(f"stopped; the last whole epoch is kept: {last}")


def _save(experiment: Experiment, weights: Path) -> Path:
    """Copies the best weights to their canonical place, in one step."""
    place = saved_weights(experiment)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    shutil.copyfile(weights, part)
    part.replace(place)
    return place


def _say(line: str) -> None:
    # Whoever read our progress may have gone (`| head`): that is no reason to leave the training.
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


def _leave(status: int) -> None:
    """Ends the process at once: to take PyTorch apart as Python would takes about a second of CPU time, in which a trial that
    was stopped early still holds its GPU. What others have registered for the end (W&B does) is still called."""
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a shell may have closed them
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
