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
from typing import TYPE_CHECKING

from text_recognizer import experiment as experiments
from text_recognizer.catalog import MODELS
from text_recognizer.command import obeyed, print_anyhow
from text_recognizer.experiment import Experiment
from text_recognizer.flags import Request, parse

if TYPE_CHECKING:
    import torch

    from scheduler.tracking import Tracker
    from text_recognizer.training.loop import Outcome

PROGRAM = "python -m text_recognizer.run_experiment"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and gives its exit status; what a user can mend is said in one line on stderr."""
    return obeyed(PROGRAM, lambda: _obey(parse(sys.argv[1:] if arguments is None else arguments)))


def run(experiment: Experiment, request: Request) -> None:
    """Claims the device, makes the data, trains, tests, and keeps what was learned."""
    directory = result_directory(experiment)
    with contextlib.ExitStack() as stack:
        device = _device(request, stack)
        tracker = _tracker(experiment, request, directory)
        try:
            outcome = _train(experiment, device, tracker, directory)
        except BaseException:
            tracker.finish()
            _say_what_is_kept(directory / "checkpoints")
            raise
        figures = {f"test_{name}": figure for name, figure in outcome.figures.items()}
        figures |= outcome.beside
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


def _obey(request: Request) -> int:
    if request.help:
        from text_recognizer.help import text

        print_anyhow(text())
    else:
        experiment = experiments.read(request.experiment)
        for sentence in request.told:
            print(sentence, file=sys.stderr)
        run(experiment, request)
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


def _tracker(experiment: Experiment, request: Request, directory: Path) -> Tracker:
    from scheduler import tracking

    objective = MODELS.find(experiment.model).objective
    config = experiment.as_mapping()
    trackers = [*request.trackers.split(","), *(["wandb"] if request.wandb else [])]
    return tracking.init(config, objective=objective, directory=directory, trackers=trackers, name=experiment.name)


def _device(request: Request, stack: contextlib.ExitStack) -> torch.device:
    """The torch device to train on; the claim, where one is asked for, lives as long as `stack`."""
    kind = "cpu" if request.cpu else ""
    if request.gpu is not None:
        from scheduler.gpus.lone import claim_devices

        claim = stack.enter_context(claim_devices(request.gpu))
        kind = claim.kind
        if claim.note:
            print(claim.note, file=sys.stderr)
    import torch

    from text_recognizer.training.precision import flush_tiny

    flush_tiny()
    return torch.device(kind or ("cuda" if torch.cuda.is_available() else "cpu"))


def _train(experiment: Experiment, device: torch.device, tracker: Tracker, directory: Path) -> Outcome:
    from text_recognizer.building import training_of
    from text_recognizer.training.loop import Listeners

    return training_of(experiment, device, Listeners(tracker, directory / "checkpoints", _say), directory).run()


def _say_what_is_kept(directory: Path) -> None:
    last = directory / "last.pt"
    if last.exists():
        _say(f"stopped; the last whole epoch is kept: {last}")


def _save(experiment: Experiment, weights: Path) -> Path:
    """Copies the best weights, and the language model beside them, to their canonical place, each in one step."""
    from text_recognizer.training.language_file import beside

    place = saved_weights(experiment)
    place.parent.mkdir(parents=True, exist_ok=True)
    _copy(weights, place)
    if beside(weights).exists():
        _copy(beside(weights), beside(place))
    else:
        beside(place).unlink(missing_ok=True)
    return place


def _copy(file: Path, place: Path) -> None:
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    shutil.copyfile(file, part)
    part.replace(place)


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
