"""How fast the labs' line readers train and read here, beside a plain re-implementation of the labs' approach.

    OMP_NUM_THREADS=2 python benchmarks/recogniser.py

Same lines (56 pixels high, up to 1024 wide, set like EMNISTLines2 but from generated glyphs, so that nothing need be
downloaded), same augmentation range, same network sizes, batches of 16. A figure is the median of several runs, the two
sides taking turns, by wall clock: give the machine nothing else to do. The plain side should come near 6.8 and 8.0 training
lines per second and 0.32 seconds per line read in batches (0.69 alone) on two threads, which are known of the originals.

Training is compared in the same numbers on both sides, float32 and, where the processor has it, bf16: the plain side's is
PyTorch's autocast. Numbers below 1e-38 count as zero on both, although the plain way does not ask for it: threads know one
answer only.

Reading is greedy. The plain side writes as many tokens for every line as the longest text has, whatever they are: 44 for
EMNISTLines2, 90 for IAM's lines, and the originals' times are those of 90. Here reading is measured twice: with lines that
never end (as many tokens), and with lines that end where their text does, as they do once a network is trained.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, NoFloor
from benchmarks.recogniser_plain import PlainLstm, PlainTransformer, augmentation, batch_of
from text_recognizer.building import model_of
from text_recognizer.data.characters import CHARACTERS, write
from text_recognizer.data.emnist_lines import ALPHABET, LINES2, bare, phrase, set_line
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.prose import prose
from text_recognizer.experiment import read
from text_recognizer.models.augmentation import Augmentation
from text_recognizer.models.decoder import END
from text_recognizer.training.precision import flush_tiny, precision_for
from text_recognizer.training.steps import Descent

BATCH = 16
LONGEST = (44, 90)  # tokens of EMNISTLines2 and of IAM, in lines of the same size
CPU = torch.device("cpu")
PLAIN: dict[str, type[PlainLstm] | type[PlainTransformer]] = {"LineCNNLSTM": PlainLstm, "LineCNNTransformer": PlainTransformer}
NAMES = {"32": "float32", "bf16": "bf16"}


@dataclass(frozen=True)
class Row:
    """One comparison: seconds per line of the plain side and of ours."""

    name: str
    plain: float
    ours: float

    def __str__(self) -> str:
        return f"{self.name:56}{1 / self.plain:10.1f}{1 / self.ours:10.1f}{self.plain / self.ours:9.1f} x"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--reading", action="store_true", help="leave training out")
    options = parser.parse_args()
    rounds = options.rounds
    lines = some_lines(4 * BATCH)
    flush_tiny()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, reading in {precision_for('auto', CPU).dtype} here")
    print(f"{'lines per second':56}{'plain':>10}{'here':>10}{'ratio':>11}")
    many = some_lines(16 * BATCH)
    for network, numbers in () if options.reading else product(PLAIN, numbers_here()):
        both = plain_training(network, many, numbers), our_training(network, many, numbers)
        print(Row(f"training {network} in {NAMES[numbers]}", *in_turns(*both, rounds)), flush=True)
    for tokens, (size, count) in product(LONGEST, ((BATCH, 4 * BATCH), (1, BATCH))):
        for ends in (False, True):
            both = plain_reading(lines, size, count, tokens), our_reading(lines, size, count, tokens, ends=ends)
            row = f"reading LineCNNTransformer by {size}, {tokens} tokens{', ending with the text' if ends else ''}"
            print(Row(row, *in_turns(*both, rounds)), flush=True)


FLOOR = "its network alone, on a batch that is ready"
UNREAD = NoFloor("reading is its network, and little else")


def figures(asked: Asked) -> list[Figure]:
    """Lines a second: training, and in a long look reading as well. Each side has a run before that does not count."""
    flush_tiny()
    lines = some_lines((2 if asked.quick else 16) * BATCH)
    networks = ("LineCNNLSTM",) if asked.quick else tuple(PLAIN)
    found = [_training(network, lines, asked, numbers) for network, numbers in product(networks, numbers_here())]
    return found if asked.quick else [*found, _reading(some_lines(4 * BATCH), asked)]


def numbers_here() -> tuple[str, ...]:
    """The numbers that a training here may compute in without loss of time, as `train_args.precision` has them."""
    return ("32",) if precision_for("auto", CPU).dtype is torch.float32 else ("32", "bf16")


def _training(network: str, lines: Lines, asked: Asked, numbers: str) -> Figure:
    ways = {"": our_training(network, lines, numbers)}
    if not asked.alone:
        ways |= {FLOOR: network_alone(network, lines, numbers)}
        ways |= {"the labs' way, plainly": plain_training(network, lines, numbers)}
    return _figure(f"recogniser.{network}.{numbers}", f"training {network} in {NAMES[numbers]}", ways, ALONE)


def _reading(lines: Lines, asked: Asked) -> Figure:
    tokens, count = LONGEST[0], BATCH
    ways = {"": our_reading(lines, BATCH, count, tokens, ends=True)}
    if not asked.alone:
        ways |= {"the labs' way, plainly": plain_reading(lines, BATCH, count, tokens)}
    return _figure("recogniser.reading", f"reading by LineCNNTransformer in batches of {BATCH}, lines that end", ways, UNREAD)


def _figure(key: str, name: str, ways: dict[str, Callable[[], float]], without: NoFloor) -> Figure:
    """`without`: why there is no floor, if none of the ways is one."""
    for run in ways.values():
        run()
    rates = {way: (1 / run(),) for way, run in ways.items()}
    ours, least = rates.pop(""), rates.pop(FLOOR, None)
    return Figure(key, name, "lines a second", ours, Floor(FLOOR, least) if least else without, rates, better="higher")


def network_alone(network: str, lines: Lines, numbers: str) -> Callable[[], float]:
    """Steps of our training on one batch that is not varied, made before."""
    experiment = read({"network": network, "dataset": "GeneratedLines", "train_args": {"batch_size": BATCH}})
    model, precision = model_of(experiment, lines, CPU), precision_for(numbers, CPU)
    descent = Descent(model.network, experiment.train_args, precision)
    batches = list(model.batches(lines.train, BATCH, CPU, np.random.default_rng(0)))

    def run() -> float:
        model.network.train()
        began = time.perf_counter()
        for batch in batches:
            descent.add(model, batch)
            descent.step(0.5)
        return (time.perf_counter() - began) / len(lines.train)

    return run


def in_turns(plain: Callable[[], float], ours: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The median seconds per line of both sides, after one run each that does not count."""
    plain(), ours()
    runs = [(plain(), ours()) for _ in range(rounds)]
    return statistics.median(p for p, _ in runs), statistics.median(o for _, o in runs)


def some_lines(count: int) -> Lines:
    rng = np.random.default_rng(0)
    glyphs = {c: np.stack([write(c, "train", rng) for _ in range(4)]) for c in CHARACTERS}
    words = [word for sentence in prose()["train"] for word in bare(sentence).split()]
    texts = tuple(phrase(words, 43, rng) for _ in range(count))
    split = LineSplit(tuple(set_line(text, glyphs, LINES2, rng) for text in texts), texts)
    return Lines(split, split, split, ALPHABET)


def plain_training(name: str, lines: Lines, numbers: str) -> Callable[[], float]:
    network, precision = PLAIN[name](), precision_for(numbers, CPU)
    optimizer, transform = torch.optim.Adam(network.parameters(), lr=1e-3), augmentation()

    def run() -> float:
        network.train()
        began = time.perf_counter()
        for first in range(0, 2 * BATCH, BATCH):
            images = list(lines.train.images[first : first + BATCH])
            texts = [[3 + ALPHABET.index(c) for c in text] for text in lines.train.texts[first : first + BATCH]]
            optimizer.zero_grad()
            with precision.autocast():
                loss = network.loss(batch_of(images, transform), texts)
            loss.backward()
            optimizer.step()
        return (time.perf_counter() - began) / (2 * BATCH)

    return run


def our_training(network: str, lines: Lines, numbers: str) -> Callable[[], float]:
    experiment = read({"network": network, "dataset": "GeneratedLines", "train_args": {"batch_size": BATCH}})
    model, precision = model_of(experiment, lines, CPU), precision_for(numbers, CPU)
    descent, rng = Descent(model.network, experiment.train_args, precision), np.random.default_rng(0)

    def run() -> float:
        model.network.train()
        began = time.perf_counter()
        for batch in model.batches(lines.train, BATCH, CPU, rng):
            descent.add(model, model.varied(batch, Augmentation(1.0)))
            descent.step(0.5)
        return (time.perf_counter() - began) / len(lines.train)

    return run


def plain_reading(lines: Lines, size: int, count: int, tokens: int) -> Callable[[], float]:
    network = PlainTransformer(longest=tokens + 1).eval()

    def run() -> float:
        began = time.perf_counter()
        for first in range(0, count, size):
            sheets = [np.pad(i, ((0, 0), (0, 1024 - i.shape[1]))) for i in lines.test.images[first : first + size]]
            network.predict(torch.from_numpy(np.stack(sheets))[:, None].float() / 255)
        return (time.perf_counter() - began) / count

    return run


def our_reading(lines: Lines, size: int, count: int, tokens: int, *, ends: bool) -> Callable[[], float]:
    """The same lines in batches of about as many pixels as `size` lines of mean width have."""
    model: Any = model_of(read({"network": "LineCNNTransformer", "dataset": "GeneratedLines"}), lines, CPU)  # one that writes
    model.network.decoder.head = head = Ending(model.network.decoder.head)
    model.network.eval()
    model.longest = tokens
    split = lines.test.first(count)

    def run() -> float:
        began = time.perf_counter()
        with torch.no_grad(), precision_for("auto", CPU).autocast():
            for batch in model.batches(split, size, CPU):
                head.begin(batch.lengths if ends else torch.full_like(batch.lengths, tokens))
                model.predict(batch)
        return (time.perf_counter() - began) / count

    return run


class Ending(torch.nn.Module):
    """The head of a decoder with random weights, which never ends a line but after so many tokens."""

    def __init__(self, head: torch.nn.Module) -> None:
        super().__init__()
        self.head = head

    def begin(self, lengths: torch.Tensor) -> None:
        self.place, self.lengths = 0, lengths

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = self.head(x)  # (B, 1, tokens)
        logits[..., END] = torch.where(self.lengths == self.place, 1e9, -1e9)[:, None]
        self.place += 1
        return logits


if __name__ == "__main__":
    main()
