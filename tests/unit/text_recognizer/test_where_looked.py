"""Where the characters stand that a network writes token by token: where it looked while it wrote them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from text_recognizer.data.line_set import Lines, LineSplit  # noqa: E402
from text_recognizer.models.decoder import END, PAD, SPECIAL, START, Decoder, DecoderSize  # noqa: E402
from text_recognizer.models.line_transformer import LineCnnTransformer, ResnetTransformer  # noqa: E402
from text_recognizer.models.options import LineCnnTransformerOptions, ResnetTransformerOptions  # noqa: E402
from text_recognizer.models.where_looked import onward, reaches  # noqa: E402
from text_recognizer.models.writing_model import LineModelTransformer  # noqa: E402

A, B = SPECIAL, SPECIAL + 1
WIDTH = 40


def looks(*rows: dict[int, float]) -> np.ndarray:
    """How much was looked at each of six places."""
    return np.array([[row.get(place, 0.0) for place in range(6)] for row in rows])


def test_a_stray_look_carries_no_character_away() -> None:
    """The second of two equal letters is often looked at as well; a text goes from left to right."""
    assert onward(looks({0: 1.0}, {1: 0.4, 5: 0.6}, {2: 1.0}, {3: 1.0})).tolist() == [0, 1, 2, 3]
    assert onward(looks({0: 1.0}, {2: 0.9}, {0: 0.6, 3: 0.4}, {5: 1.0})).tolist() == [0, 2, 3, 5]
    assert onward(looks({4: 1.0})).tolist() == [4]


def test_characters_reach_halfway_to_their_neighbours() -> None:
    """Between two places stands what was looked for at both; far looks count for nothing."""
    middles = np.arange(6) * 8 + 4.0
    first, second, third = reaches(looks({0: 0.8, 5: 0.2}, {2: 0.5, 3: 0.5}, {4: 1.0}), middles, 48)
    assert (first[0], third[1]) == pytest.approx((0.0, 42 / 48), abs=1e-3)
    assert first[1] == second[0] == pytest.approx((4 + 24) / 2 / 48, abs=1e-3)
    assert second[1] == third[0] == pytest.approx((24 + 36) / 2 / 48, abs=1e-3)
    assert reaches(looks()[:0], middles, 48) == []


def test_what_is_told_is_where_the_decoder_looked() -> None:
    """It is computed a second time, apart from the writing; the two must not drift apart."""
    torch.manual_seed(0)
    size = DecoderSize(tokens=9, dim=16, inner=32, heads=1, layers=1, dropout=0.0)
    decoder = Decoder(size).eval()
    layer, x, memory = decoder.layers[0], torch.randn(2, 4, 16), torch.randn(2, 5, 16)
    there = torch.tensor([[True] * 5, [True, True, False, False, False]])[:, None, None]
    weights = layer.looked(x, memory, there)
    values = layer.of_memory(memory)[1][:, 0]
    then = layer._after_own(x) + layer.memory_out(weights @ values)
    assert torch.allclose(layer(x, memory, there), then + layer.inner(layer.norms[2](then)), atol=1e-5)
    assert (weights[1, :, 2:] == 0).all()
    four = Decoder(DecoderSize(tokens=9, dim=16, inner=32, heads=4, layers=3, dropout=0.0)).eval()
    told = four.looked(torch.tensor([[START, 4, 5], [START, 6, PAD]]), memory, there[:, 0, 0])
    assert told.shape == (2, 3, 5)
    assert torch.allclose(told.sum(dim=2), torch.ones(2, 3))
    assert (told[1, :, 2:] == 0).all()


class Pointing(torch.nn.Module):
    """Writes `abE` and `baE`, and looks at one place after another; beyond the end of the second line more than anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = self

    def memory(self, images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return images, torch.arange(5) < (widths // 8)[:, None]

    def write(self, *_given: object) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor([[A, PAD, B, END], [B, A, END, PAD]]), torch.zeros(2, 4)

    def looked(self, tokens: torch.Tensor, *_memory: object) -> torch.Tensor:
        assert tokens.tolist() == [[START, A, PAD, B], [START, B, A, END]]
        weights = torch.eye(4, 5).repeat(2, 1, 1)
        weights[1, :, 4] = 9.0
        return weights

    def middles(self, places: int) -> np.ndarray | None:
        return np.arange(places) * 8 + 4.0


def read(alphabet: str) -> list[list[tuple[float, float] | None]]:
    split = LineSplit((np.zeros((28, WIDTH), np.uint8), np.zeros((28, 16), np.uint8)), (alphabet, alphabet[1]))
    model = LineModelTransformer(Pointing(), Lines(split, split, split, alphabet))
    images, widths = torch.zeros(2, 28, 64), torch.tensor([WIDTH, 16])
    predictions = model.predict(model._batch(images, widths, split.texts))
    return [[character.extent for character in prediction.characters] for prediction in predictions]


def test_a_written_character_stands_where_it_was_looked_for() -> None:
    """A place that belongs to the letter beside it is worse than none; what is no letter has none, nor has what is no line."""
    (a, b), (before, after) = read("ab")
    assert a is not None
    assert b is not None
    assert (a[0], a[1], b[0], b[1]) == pytest.approx((0.0, 12 / WIDTH, 12 / WIDTH, 28 / WIDTH), abs=1e-3)
    assert before is not None
    assert after is not None
    assert (*before, *after) == pytest.approx((0.0, 0.5, 0.5, 1.0), abs=1e-3)


def test_no_place_is_told_where_none_is_known() -> None:
    """From right to left numbers run the other way; a ResNet's places are three characters wide, and paragraphs have rows."""
    assert read("\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}") == [[None, None], [None, None]]
    options = ResnetTransformerOptions(tf_dim=32, tf_fc_dim=32, tf_layers=1)
    assert ResnetTransformer(options, 20, 56).middles(9) is None
    small = LineCnnTransformerOptions(
        conv_dim=4, fc_dim=8, tf_dim=16, tf_fc_dim=16, tf_layers=1, window_width=20, window_stride=10
    )
    middles = LineCnnTransformer(small, 20, 28).middles(3)
    assert middles is not None
    assert middles.tolist() == [10, 20, 30]
