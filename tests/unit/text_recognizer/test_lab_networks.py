"""The networks of the labs: their size, their windows, and a decoder that does no work twice."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from text_recognizer.data.line_set import Lines, LineSplit  # noqa: E402
from text_recognizer.data.transform import EMNIST_LINES2  # noqa: E402
from text_recognizer.errors import ExperimentError  # noqa: E402
from text_recognizer.models.augmentation import Augmentation  # noqa: E402
from text_recognizer.models.columns import without_padding  # noqa: E402
from text_recognizer.models.decoder import END, PAD, SPECIAL, START, Decoder, DecoderSize  # noqa: E402
from text_recognizer.models.lab_transform import affine  # noqa: E402
from text_recognizer.models.line_cnn import LineCnn, LineCnnLstm  # noqa: E402
from text_recognizer.models.line_cnn_simple import LineCnnSimple  # noqa: E402
from text_recognizer.models.line_model import LineModelCtc  # noqa: E402
from text_recognizer.models.line_transformer import LineCnnTransformer, ResnetTransformer  # noqa: E402
from text_recognizer.models.options import (  # noqa: E402
    LineCnnLstmOptions,
    LineCnnOptions,
    LineCnnSimpleOptions,
    LineCnnTransformerOptions,
    ResnetTransformerOptions,
)
from text_recognizer.models.positions import positions, positions_2d  # noqa: E402
from text_recognizer.models.search import greedy  # noqa: E402
from text_recognizer.models.window_model import LineModelWindows  # noqa: E402
from text_recognizer.models.writing_model import LineModelTransformer  # noqa: E402

CPU = torch.device("cpu")
SMALL = {"conv_dim": 4, "fc_dim": 16}


def parameters(network: torch.nn.Module) -> float:
    return sum(p.numel() for p in network.parameters()) / 1e6


@pytest.mark.parametrize(
    ("network", "options", "height", "labs", "within"),
    [
        (LineCnn, LineCnnOptions, 28, 1.20, 0.06),  # the labs' window was 3 x 3 cells, this one is 4 x 2
        (LineCnnLstm, LineCnnLstmOptions, 28, 3.7, 0.05),
        (LineCnnLstm, LineCnnLstmOptions, 56, 4.0, 0.05),
        (LineCnnTransformer, LineCnnTransformerOptions, 28, 3.8, 0.05),
        (LineCnnTransformer, LineCnnTransformerOptions, 56, 4.3, 0.05),
        (ResnetTransformer, ResnetTransformerOptions, 56, 15.6, 0.05),
    ],
)
def test_the_networks_are_as_large_as_those_of_the_labs(network, options, height: int, labs: float, within: float) -> None:
    """A comparison of speed or of error rates with a smaller network would be none."""
    assert parameters(network(options(), 83, height)) == pytest.approx(labs, rel=within)


def together_and_alone(network, *rest) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """For three lines of different widths: the answer in a padded batch, cut to its own windows, and the answer alone."""
    torch.manual_seed(0)
    network = network.eval()
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.bias, 0.5, 1.0)
    widths = torch.tensor([75, 130, 201])
    images = without_padding(torch.rand(3, 1, 28, 224), widths)[:, 0]
    rest = tuple(r.expand(3, -1) for r in rest)
    pairs = []
    with torch.no_grad():
        answer = network(images, widths, *rest)
        for i, width in enumerate(widths.tolist()):
            single = network(images[i : i + 1, :, :width], widths[i : i + 1], *(r[:1] for r in rest))
            if isinstance(answer, tuple):
                count = int(answer[2][i])
                assert single[0].shape[1] == count
                pairs.append((answer[0][i, :count], single[0][0]))
            else:
                pairs.append((answer[i], single[0]))
    return pairs


@pytest.mark.parametrize(
    "make",
    [
        lambda: LineCnn(LineCnnOptions(**SMALL), 20, 28),
        lambda: LineCnn(LineCnnOptions(**SMALL, window_width=32, window_stride=16), 20, 28),
        lambda: LineCnnLstm(LineCnnLstmOptions(**SMALL, lstm_dim=8), 20, 28),
    ],
)
def test_windows_on_padding_do_not_count(make) -> None:
    """CTC that may also write into the padding learns to put letters there."""
    for together, alone in together_and_alone(make()):
        assert torch.allclose(together, alone, atol=1e-5)


def test_a_written_line_does_not_depend_on_its_neighbours() -> None:
    """Attention to the padding of a batch is a defect that only shows in the field."""
    network = LineCnnTransformer(LineCnnTransformerOptions(**SMALL, tf_dim=16, tf_layers=2), 20, 28)
    for together, alone in together_and_alone(network, torch.tensor([[START, 5, 6, 7]])):
        assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(("width", "stride"), [(28, 28), (28, 20), (28, 18), (20, 12), (16, 8), (27, 9)])
def test_windows_are_exact(width: int, stride: int) -> None:
    """The labs rounded 28 down to 24 and 18 down to 16, and nobody knew. What is beyond a window cannot change what is read."""
    torch.manual_seed(0)
    network = LineCnn(LineCnnOptions(**SMALL, window_width=width, window_stride=stride), 20, 28).eval()
    line = torch.rand(1, 28, width + 3 * stride)
    logits, _, windows = network(line, torch.tensor([line.shape[2]]))
    assert logits.shape[1] == windows.item() == 4
    shrink = next(n for n in (8, 4, 2, 1) if not width % n and not stride % n)
    assert (network.windows.columns * shrink, network.windows.step * shrink) == (width, stride)


def test_the_simple_reader_sees_a_window_at_a_time() -> None:
    """A window that saw its neighbours would be another network than the lab's."""
    network = LineCnnSimple(LineCnnSimpleOptions(conv_dim=4, fc_dim=8, window_stride=20), 20, 28).eval()
    line = torch.rand(1, 28, 28 + 2 * 20)
    changed = line.clone()
    changed[:, :, :20] = 0
    before, after = (network(x, torch.tensor([68]))[0][0] for x in (line, changed))
    assert before.shape == (3, 20)
    assert torch.equal(before[1:], after[1:])
    assert not torch.equal(before[0], after[0])
    for together, alone in together_and_alone(network):
        assert torch.allclose(together, alone, atol=1e-5)


def test_a_window_is_to_be_the_character_of_its_number() -> None:
    """Behind a text there is nothing to read; a text longer than its windows is cut."""

    class Fixed(torch.nn.Module):
        def forward(self, x, widths):
            return torch.eye(3)[torch.tensor([[1, 2, 0, 1], [2, 2, 1, 1]])] * 9, None, torch.tensor([4, 2])

    few = LineSplit((np.zeros((8, 8), np.uint8),) * 2, ("ab", "bbaab"))
    model = LineModelWindows(Fixed(), Lines(few, few, few, "ab"))
    (batch,) = model.batches(few, 9, CPU)
    assert model.wanted(batch, 4).tolist() == [[1, 2, 0, 0], [2, 2, 1, 1]]
    assert [p.prediction for p in model.predict(batch)] == ["aba", "bb"]
    right, wrong = torch.tensor([[1, 2, 0, 0]]), torch.eye(3)[torch.tensor([1, 2, 0, 1, 2, 2])] * 9
    assert right.shape == (1, 4)
    expected = torch.nn.functional.cross_entropy(wrong, torch.tensor([1, 2, 0, 0, 2, 2]))
    assert model.loss(batch).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_the_labs_transform_is_that_of_torchvision(scale: float) -> None:
    """A shear to the wrong side, or degrees taken for radians, would train on other lines than the lab did."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import affine as reference

    line = torch.zeros(1, 56, 256)
    line[:, 20:36, 60:200:9] = 1.0
    wanted = reference(line, 3.0, [0, 4], scale, [30.0, 0.0], InterpolationMode.BILINEAR, [0.0])
    turn, shear = torch.deg2rad(torch.tensor([3.0])), torch.deg2rad(torch.tensor([30.0]))
    changed, widths = affine(line, torch.tensor([256]), turn, shear, torch.tensor([4.0]), torch.tensor([scale]), 256)
    new = int(256 * scale)
    assert widths.tolist() == [new]
    left = (256 - new) // 2
    assert (changed[:, :, :new] - wanted[:, :, left : left + new]).abs().mean() < 0.004


def test_emnistlines2_is_transformed_while_it_is_trained_on_and_never_else() -> None:
    """Within the lab's bounds, another way each time; what validates and tests is as it was."""
    few = LineSplit((np.full((56, 96), 255, np.uint8),) * 8, ("a",) * 8)
    model = LineModelCtc(torch.nn.Identity(), Lines(few, few, few, "a", EMNIST_LINES2))
    (batch,) = model.batches(few, 9, CPU)
    torch.manual_seed(0)
    varied = model.varied(batch, Augmentation())
    assert ((varied.widths >= 38) & (varied.widths <= 106)).all()
    assert len(set(varied.widths.tolist())) > 4
    assert varied.images.shape[2] == 128
    brightest = varied.images.amax(dim=(1, 2))
    assert ((brightest > 0.45) & (brightest <= 1)).all()
    assert batch.images.max() == 255
    stroke = np.zeros((56, 320), np.uint8)
    stroke[27:29] = 255
    level = LineSplit((stroke,) * 40, ("a",) * 40)
    (batch,) = LineModelCtc(torch.nn.Identity(), Lines(level, level, level, "a")).batches(level, 99, CPU)
    rows = model.varied(batch, Augmentation()).images.amax(dim=(0, 2)).nonzero()
    assert rows.min() >= 14
    assert rows.max() <= 42, "turned by more than three degrees"
    assert Lines(few, few, few, "a", EMNIST_LINES2).few(2).transform is None


@pytest.mark.parametrize(("width", "heads"), [(30, 4), (18, 3), (20, 3)])
def test_a_decoder_whose_width_does_not_go_into_its_heads_is_refused(width: int, heads: int) -> None:
    """In a sweep it was a traceback of PyTorch's about `unflatten`, trial after trial."""
    message = rf"tf_dim is {width}; give a multiple of 4 and of tf_nhead \({heads}\)"
    with pytest.raises(ExperimentError, match=message):
        LineCnnTransformer(LineCnnTransformerOptions(**SMALL, tf_dim=width, tf_nhead=heads), 20, 28)
    with pytest.raises(ExperimentError, match=message):
        ResnetTransformer(ResnetTransformerOptions(tf_dim=width, tf_nhead=heads), 20, 28)


def test_a_line_shorter_than_a_window_has_one() -> None:
    """A lone comma must not crash a training of days."""
    logits, _, windows = LineCnn(LineCnnOptions(**SMALL, window_width=64), 20, 28).eval()(torch.rand(1, 28, 9), torch.tensor([9]))
    assert (logits.shape[1], windows.tolist()) == (1, [1])


def decoder(**changes) -> Decoder:
    torch.manual_seed(0)
    size = {"tokens": 12, "dim": 16, "inner": 32, "heads": 4, "layers": 3, "dropout": 0.3, **changes}
    network = Decoder(DecoderSize(**size)).eval()
    torch.nn.init.normal_(network.head.weight, std=2.0)
    return network


def memory(count: int = 5, length: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    there = torch.arange(length) < torch.arange(length - count + 1, length + 1)[:, None]
    return torch.randn(count, length, 16), there


def test_writing_with_kept_keys_is_writing_with_the_whole_prefix_again() -> None:
    """The cache saves nine tenths of the time; one place shifted, and every text is a little wrong."""
    network = decoder()
    states, there = memory()
    written, scores = greedy(network.begin(states, there, 20))
    prefix = torch.full((5, 1), START)
    over = torch.zeros(5, dtype=torch.bool)
    for place in range(written.shape[1]):
        with torch.no_grad():
            expected = network(prefix, states, there)[:, -1].log_softmax(dim=-1)
        best = expected.argmax(dim=-1).masked_fill(over, PAD)
        assert torch.equal(written[:, place], best)
        score = expected.max(dim=-1).values.masked_fill(over, 0.0)
        assert torch.allclose(scores[:, place], score, atol=1e-4)
        prefix = torch.cat([prefix, best[:, None]], dim=1)
        over = over | (best == END)


def test_a_token_sees_none_after_it() -> None:
    """Otherwise the loss goes to nothing, and nothing can be read."""
    network, (states, there) = decoder(), memory()
    tokens = torch.randint(SPECIAL, 12, (5, 8))
    changed = tokens.clone()
    changed[:, 5:] = 3 + (changed[:, 5:] - 2) % 9
    with torch.no_grad():
        a, b = network(tokens, states, there), network(changed, states, there)
    assert torch.allclose(a[:, :5], b[:, :5], atol=1e-5)
    assert not torch.allclose(a[:, 5:], b[:, 5:], atol=1e-2)


def test_writing_stops_when_all_lines_have_ended() -> None:
    """The labs always wrote to the longest length there is."""
    network, (states, there) = decoder(), memory()
    torch.nn.init.constant_(network.head.weight, 0.0)
    with torch.no_grad():
        network.head.bias[END] = 10.0
    written, _ = greedy(network.begin(states, there, 500))
    assert written.tolist() == [[END]] * 5


@pytest.mark.parametrize("length", [1, 7])
def test_positions_are_those_of_the_paper(length: int) -> None:
    """An interleaving that is off still trains, and compares with nobody's weights."""
    table = positions(length, 8, CPU)
    for place in range(length):
        for pair in range(4):
            angle = place / 10_000 ** (2 * pair / 8)
            assert table[place, 2 * pair] == pytest.approx(np.sin(angle), abs=1e-5)
            assert table[place, 2 * pair + 1] == pytest.approx(np.cos(angle), abs=1e-5)


def test_a_plane_has_a_row_and_a_column_in_every_position() -> None:
    """Row by row, as the features are laid out."""
    table = positions_2d(3, 5, 8, CPU)
    assert torch.equal(table[2 * 5 + 4], torch.cat([positions(3, 4, CPU)[2], positions(5, 4, CPU)[4]]))


TEXTS = ("ab", "cab", "b")


def writing_model() -> tuple[LineModelTransformer, LineSplit]:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    split = LineSplit(tuple(rng.integers(0, 256, (28, w), dtype=np.uint8) for w in (60, 90, 40)), TEXTS)
    options = LineCnnTransformerOptions(**SMALL, tf_dim=32, tf_fc_dim=32, tf_layers=1, tf_dropout=0.0, fc_dropout=0.0)
    data = Lines(split, split, split, "abc")
    return LineModelTransformer(LineCnnTransformer(options, LineModelTransformer.classes_of(data), 28), data), split


def test_tokens_begin_and_end_and_spell_the_text() -> None:
    """A shift by one between tokens and letters trains happily and reads nonsense."""
    model, split = writing_model()
    (batch,) = model.batches(split, 9, CPU)
    rows = model.tokens(batch)
    for text, row in zip(batch.texts, rows, strict=True):
        assert row[0] == START
        assert model.text_of(row[1:].tolist()) == text
        assert row[len(text) + 1] == END
        assert (row[len(text) + 2 :] == PAD).all()


def test_a_network_that_writes_learns_three_lines_by_heart() -> None:
    """Loss, tokens, memory and decoding must all agree for it."""
    model, split = writing_model()
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=3e-3)
    for _ in range(150):
        (batch,) = model.batches(split, 9, CPU)
        loss = model.loss(model.varied(batch, Augmentation()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.network.eval()
    (batch,) = model.batches(split, 9, CPU)
    predictions = model.predict(batch)
    assert [p.prediction for p in predictions] == [p.target for p in predictions]
    assert all(0.5 < p.confidence <= 1 for p in predictions)


def test_a_resnet_reads_batches_of_lines_and_of_paragraphs() -> None:
    """The lab's raised for more than one line."""
    network = ResnetTransformer(ResnetTransformerOptions(tf_dim=32, tf_fc_dim=32, tf_layers=1), 20, 56).eval()
    for height, width in ((56, 256), (192, 160)):
        for beams in (1, 3):
            memory = network.memory(torch.rand(3, height, width), torch.tensor([width, width // 2, 40]))
            tokens, scores = network.write(*memory, 6, beams)
            assert tokens.shape[0] == 3
            assert scores.shape == tokens.shape
