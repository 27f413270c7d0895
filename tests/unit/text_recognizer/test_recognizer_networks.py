"""The networks and what is computed with them, on random weights."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from text_recognizer.data.line_set import LineSplit  # noqa: E402
from text_recognizer.data.prose import ALPHABET  # noqa: E402
from text_recognizer.models.lenet import Lenet  # noqa: E402
from text_recognizer.models.line_columns import LineColumns  # noqa: E402
from text_recognizer.models.line_lstm import LineLstm  # noqa: E402
from text_recognizer.models.line_model import LineModelCtc  # noqa: E402
from text_recognizer.models.mlp import Mlp  # noqa: E402
from text_recognizer.models.options import LenetOptions, LineColumnsOptions, LineLstmOptions, MlpOptions  # noqa: E402
from text_recognizer.training.options import TrainOptions  # noqa: E402
from text_recognizer.training.precision import precision_for  # noqa: E402
from text_recognizer.training.steps import Descent, one_cycle  # noqa: E402

CPU = torch.device("cpu")


class Alphabet:
    """All that a line model needs to know of its data."""

    classes = ALPHABET


def line_network(**changes) -> LineLstm:
    torch.manual_seed(0)
    return LineLstm(LineLstmOptions(channels=16, hidden=8, **changes), 1 + len(ALPHABET))


def house_network(size: str, across: str) -> LineColumns:
    torch.manual_seed(0)
    return LineColumns(LineColumnsOptions(size=size, across=across), 80)


def lines(*widths: int) -> LineSplit:
    rng = np.random.default_rng(0)
    images = tuple(rng.integers(0, 256, (32, w), dtype=np.uint8) for w in widths)
    return LineSplit(images, tuple("ab" for _ in widths))


READERS = {
    "one layer": lambda: line_network(layers=1),
    "two layers": lambda: line_network(layers=2),
    "house lstm": lambda: house_network("S", "lstm"),
    "house encoder": lambda: house_network("S", "encoder"),
}


@pytest.mark.parametrize("make", READERS.values(), ids=READERS)
def test_a_line_reads_alike_whatever_it_is_padded_to(make) -> None:
    """Counting padding would make a transcript depend on the line's neighbours in the batch."""
    network = make().eval()
    model = LineModelCtc(network, Alphabet())
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.bias, 0.5, 1.0)  # a shift that turns the zeros of padding into something
    (together,) = model.batches(lines(75, 130, 201), 9, CPU)
    widths = together.widths.tolist()
    with torch.no_grad():
        logits, _, frames = network(together.images / 255, together.widths)
        for row, width in enumerate(widths):
            alone = network(together.images[row : row + 1, :, :width] / 255, torch.tensor([width]))[0][0]
            assert len(alone) == frames[row] == math.ceil(width / 4)
            assert torch.allclose(logits[row, : len(alone)], alone, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "across", "millions"), [("S", "lstm", 2.4), ("S", "encoder", 2.6), ("M", "lstm", 6.4), ("M", "encoder", 6.4)]
)
def test_the_house_models_have_the_size_that_the_guide_gives(size: str, across: str, millions: float) -> None:
    """People choose by it what fits beside other jobs on a GPU."""
    count = sum(p.numel() for p in house_network(size, across).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.06)


def test_the_shortcut_head_is_only_there_while_training() -> None:
    """It would cost time in every later reading, for nothing."""
    network, x, widths = line_network(), torch.rand(2, 32, 64), torch.tensor([64, 50])
    assert network.train()(x, widths)[1].shape == (2, 16, 1 + len(ALPHABET))
    assert network.eval()(x, widths)[1] is None


def test_the_shortcut_head_counts_with_its_weight() -> None:
    """A weight that does nothing makes a grid over it worthless."""
    network = line_network(dropout=0.0)
    (batch,) = LineModelCtc(network, Alphabet()).batches(lines(64, 90), 4, CPU)
    none, some, more = (LineModelCtc(network, Alphabet(), w).loss(batch).item() for w in (0.0, 0.1, 0.2))
    assert none < some < more
    assert more - some == pytest.approx(some - none, rel=1e-3)


def test_every_line_is_read_once_in_an_epoch() -> None:
    """Sorting by width and mixing must neither lose nor repeat a line."""
    split = LineSplit(lines(*range(40, 240, 3)).images, tuple(chr(48 + i % 10) * (i % 7 + 1) for i in range(67)))
    model = LineModelCtc(line_network(), Alphabet())
    for rng in (None, np.random.default_rng(1)):
        batches = list(model.batches(split, 8, CPU, rng))
        assert sorted(t for b in batches for t in b.texts) == sorted(split.texts)
        assert all(b.images.shape[2] % 32 == 0 and b.images.dtype == torch.uint8 for b in batches)
        assert all(b.images.shape[2] - b.widths.max() < 32 for b in batches)


def test_batches_are_alike_from_the_device_and_from_the_host() -> None:
    """A GPU trains from lines that it keeps itself; one column astray, and every line ends in the next one's first letter."""
    split = LineSplit(lines(75, 40, 201, 64, 8).images, ("a", "bc", "", "d", "e"))
    host, device = (LineModelCtc(line_network(), Alphabet()) for _ in range(2))
    device.resident_on = ("cpu",)
    for _ in range(2):
        pairs = zip(host.batches(split, 2, CPU), device.batches(split, 2, CPU), strict=True)
        for a, b in pairs:
            assert a.texts == b.texts
            for name in ("images", "widths", "classes", "lengths"):
                assert torch.equal(getattr(a, name), getattr(b, name)), name
                assert getattr(a, name).dtype == getattr(b, name).dtype


def test_a_batch_of_wide_lines_has_fewer_of_them() -> None:
    """A constant number would need the memory, and the time, of the widest page for every step."""
    model = LineModelCtc(line_network(), Alphabet())
    batches = list(model.batches(lines(*[64] * 30, *[640] * 30, 9000), 10, CPU, np.random.default_rng(0)))
    pixels = [b.images.shape[0] * b.images.shape[2] for b in batches if len(b) > 1]
    assert max(pixels) <= 10 * (64 * 30 + 640 * 30 + 9024) / 61
    assert {len(b) for b in batches if b.images.shape[2] == 640} == {7, 2}


def test_a_character_that_training_never_saw_is_no_class() -> None:
    """It cannot be read; a crash in the first validation would be no answer."""
    model = LineModelCtc(line_network(), Alphabet())
    (batch,) = model.batches(LineSplit(lines(64).images, ("a§b",)), 1, CPU)
    assert (model.text_of(batch.classes.tolist()), batch.texts, batch.lengths.tolist()) == ("ab", ("a§b",), [2])


def test_classes_of_a_batch_spell_its_texts() -> None:
    """A shift by one between classes and letters trains happily and reads nonsense."""
    split = LineSplit(lines(64).images, ("Ab, c!",))
    model = LineModelCtc(line_network(), Alphabet())
    (batch,) = model.batches(split, 1, CPU)
    assert model.text_of(batch.classes.tolist()) == "Ab, c!"


@pytest.mark.parametrize("network", [Mlp(MlpOptions(num_layers=3, layer_size=20), 45), Lenet(LenetOptions(), 45)])
def test_dropout_works_while_training_and_only_then(network: torch.nn.Module) -> None:
    """Dropout without effect is a defect that no error ever shows."""
    x = torch.rand(4, 28, 28)
    assert network.eval()(x).shape == (4, 45)
    assert torch.equal(network(x), network(x))
    network.train()
    assert not torch.equal(network(x), network(x))


def test_the_number_of_layers_is_the_number_of_hidden_layers() -> None:
    """The labs' `num_layers` counts those."""
    linear = [m for m in Mlp(MlpOptions(num_layers=4), 45) if isinstance(m, torch.nn.Linear)]
    assert len(linear) == 5


@pytest.mark.parametrize("total", [1, 2, 5, 100])
@pytest.mark.parametrize("warmup", [0.0, 0.2, 1.0])
def test_the_cycle_rises_to_its_peak_and_falls(total: int, warmup: float) -> None:
    """Short trials of a sweep have few steps; none of them may divide by zero or exceed the peak."""
    factors = [one_cycle(step / total, warmup) for step in range(total + 1)]
    assert all(0 < f <= 1 for f in factors)
    peak = factors.index(max(factors))
    assert factors[:peak] == sorted(factors[:peak])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)


class Misfit:
    """A model whose loss is how far its network's answer lies from the batch."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network = network

    def loss(self, batch: torch.Tensor) -> torch.Tensor:
        return (self.network(batch) - 3 * batch).square().mean()


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_step_is_adamw_on_the_clipped_mean_gradient_of_its_batches_alone(accumulate: int) -> None:
    """Gradients left over from the step before still train, only worse; so does a sum where a mean was meant."""
    torch.manual_seed(0)
    ours = torch.nn.Linear(2, 2, bias=False)
    theirs = torch.nn.Linear(2, 2, bias=False)
    theirs.load_state_dict(ours.state_dict())
    descent = Descent(ours, TrainOptions(lr=0.1, clip=5.0, accumulate=accumulate), precision_for("32", CPU))
    reference = torch.optim.AdamW(theirs.parameters(), lr=0.1, weight_decay=0.01)
    for step, batches in enumerate(torch.randn(4, accumulate, 8, 2)):
        for batch in batches:
            assert not descent.is_due
            descent.add(Misfit(ours), batch)
        assert descent.is_due
        descent.step(step / 4)
        reference.param_groups[0]["lr"] = 0.1 * one_cycle(step / 4, 0.2)
        reference.zero_grad()
        torch.stack([Misfit(theirs).loss(batch) for batch in batches]).mean().backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 5.0)
        reference.step()
    assert torch.allclose(ours.weight, theirs.weight)


@pytest.mark.parametrize(
    ("wanted", "flags", "dtype"),
    [
        ("auto", "sse avx2", torch.float32),
        ("auto", "avx512f avx512_bf16", torch.bfloat16),
        ("32", "avx512_bf16", torch.float32),
        ("bf16", "sse", torch.bfloat16),
        ("16", "sse", torch.bfloat16),
    ],
)
def test_auto_uses_bf16_only_where_the_cpu_computes_it(wanted: str, flags: str, dtype: torch.dtype) -> None:
    """Emulated bf16 is several times slower than float32."""
    assert precision_for(wanted, CPU, flags).dtype is dtype
