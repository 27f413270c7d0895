"""Beam search, over tokens and over the frames of CTC, against trying out everything."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

from text_recognizer.data.line_set import LineSplit  # noqa: E402
from text_recognizer.models.columns import Residual, ended, normalised, without_padding  # noqa: E402
from text_recognizer.models.ctc_beam import best_text  # noqa: E402
from text_recognizer.models.decoder import END, PAD, SPECIAL, START, Decoder, DecoderSize, Writing  # noqa: E402
from text_recognizer.models.fusion import Fusion, Weights  # noqa: E402
from text_recognizer.models.line_lstm import LineLstm  # noqa: E402
from text_recognizer.models.line_model import LineModelCtc  # noqa: E402
from text_recognizer.models.ngrams import Ngrams, counted  # noqa: E402
from text_recognizer.models.options import LineLstmOptions  # noqa: E402
from text_recognizer.models.search import beam, greedy  # noqa: E402

TOKENS = 8
LONGEST = 12


def decoder(seed: int = 0) -> Decoder:
    torch.manual_seed(seed)
    network = Decoder(DecoderSize(TOKENS, dim=16, inner=32, heads=4, layers=3, dropout=0.3)).eval()
    torch.nn.init.normal_(network.head.weight, std=0.7)
    with torch.no_grad():
        network.head.bias[[PAD, START]] = -20.0
        network.head.bias[END] = 1.0
    return network


def written_mean(written: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """The mean log-probability of what was written, per token."""
    tokens, scores = written
    return scores.sum(dim=1) / (tokens != PAD).sum(dim=1)


def memory(lines: int = 6, length: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    there = torch.arange(length) < torch.arange(length - lines + 1, length + 1)[:, None]
    return 3 * torch.randn(lines, length, 16), there


def mean_of(network: Decoder, states: torch.Tensor, there: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """The mean log-probability of written tokens (B, L), by the whole prefix at once."""
    start = torch.full((len(tokens), 1), START)
    with torch.no_grad():
        scores = network(torch.cat([start, tokens[:, :-1]], dim=1), states, there).log_softmax(dim=-1)
    written = tokens != PAD
    return (scores.gather(2, tokens[..., None])[..., 0] * written).sum(dim=1) / written.sum(dim=1)


@pytest.mark.parametrize("seed", range(5))
def test_one_hypothesis_is_greedy(seed: int) -> None:
    """Two answers for one setting would make every comparison of the two ways worthless."""
    network, (states, there) = decoder(seed), memory()
    tokens, scores = greedy(network.begin(states, there, LONGEST))
    same, others = beam(network.begin(states, there, LONGEST))
    assert torch.equal(tokens, same)
    assert torch.allclose(others, scores, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_hypothesis_keeps_its_own_past(seed: int) -> None:
    """When hypotheses change places and their kept keys do not, every text goes on from another one's beginning."""
    network, (states, there) = decoder(seed), memory()
    tokens, scores = beam(network.begin(states, there, LONGEST, 4))
    assert torch.allclose(written_mean((tokens, scores)), mean_of(network, states, there, tokens), atol=1e-5)


def test_a_line_is_written_alike_whatever_its_neighbours_need() -> None:
    """A line that is over must not be searched on while the longer ones beside it are still being written."""
    telling = 0
    for seed in range(20):
        network, (states, there) = decoder(seed), memory()
        together, _ = beam(network.begin(states, there, LONGEST, 3))
        for i, row in enumerate(together):
            alone, _ = beam(network.begin(states[i : i + 1], there[i : i + 1], LONGEST, 3))
            assert alone[0][alone[0] != PAD].tolist() == row[row != PAD].tolist()
        telling += len({int((row != PAD).sum()) for row in together}) > 1
    assert telling >= 5, "lines of one length show nothing"


class Chain:
    """In place of a decoder: the next token depends on the last one alone, with probabilities (from, to)."""

    device = torch.device("cpu")

    def __init__(self, probabilities: torch.Tensor, longest: int, hypotheses: int) -> None:
        self.scores, self.longest, self.hypotheses = probabilities.log(), longest, hypotheses
        self.lines, self.place = 1, 0

    def after(self, tokens: torch.Tensor) -> torch.Tensor:
        self.place += 1
        return self.scores[tokens]

    def follow(self, parents: torch.Tensor) -> None:
        """A chain has no past."""


def trap() -> torch.Tensor:
    """From START the letter 3 is a little likelier than 4; but after 3 all is unlikely, and after 4 comes END."""
    probabilities = torch.full((6, 6), 1e-6)
    probabilities[START, 3], probabilities[START, 4] = 0.6, 0.4
    probabilities[3, [END, 3, 4, 5]] = 0.25
    probabilities[4, END] = 1.0
    return probabilities


def test_a_second_hypothesis_gets_out_of_a_trap() -> None:
    """The likeliest first letter may be the wrong one; that is what a beam is for."""
    chain = Chain(trap(), 4, 2)
    assert greedy(Chain(trap(), 4, 1))[0][0, 0] == 3  # type: ignore[arg-type]
    assert beam(chain)[0].tolist() == [[4, END]]  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(20))
def test_a_wide_beam_finds_the_best_text_there_is(seed: int) -> None:
    """With room for every text nothing may be lost, be it the sum, the mean or the place of an ended one."""
    probabilities = torch.rand(6, 6, generator=torch.Generator().manual_seed(seed)).softmax(dim=-1)
    probabilities[:, END] *= 0.2  # late ends, so that no early one is over before the best is found
    chain = Chain(probabilities, 3, 200)
    tokens, scores = beam(chain)  # type: ignore[arg-type]
    (mean,) = written_mean((tokens, scores))
    letters = range(SPECIAL, 6)
    ended = [(*text, END) for n in range(3) for text in itertools.product(letters, repeat=n)]
    every = [*ended, *itertools.product(letters, repeat=3)]
    means = [np.mean([chain.scores[a, b].item() for a, b in itertools.pairwise((START, *text))]) for text in every]
    assert mean.item() == pytest.approx(max(means), abs=1e-5)
    assert tuple(tokens[0].tolist()) == every[int(np.argmax(means))]


@pytest.mark.parametrize("seed", range(6))
def test_tokens_are_searched_with_a_language_model(seed: int) -> None:
    """Its states must follow the hypotheses when these change places, and its end must be the decoder's."""
    probabilities = torch.rand(6, 6, generator=torch.Generator().manual_seed(seed)).softmax(dim=-1)
    probabilities[:, END] *= 0.2
    chain = Chain(probabilities, 4, 300)
    fusion = Fusion(Ngrams(counted(["abba", "cab", "bac"], "abc", 3, 1000), "abc"), Weights(0.8, 0.0, 300))
    tokens, shares = beam(chain, fusion)  # type: ignore[arg-type]

    def score(text: tuple[int, ...]) -> float:
        state, total = fusion.ngrams.start, 0.0
        for before, token in itertools.pairwise((START, *text)):
            probability, state = fusion.ngrams.step(state, token - END)
            total += chain.scores[before, token].item() + 0.8 * math.log(probability)
        return total / len(text)

    letters = range(SPECIAL, 6)
    ended = [(*text, END) for n in range(4) for text in itertools.product(letters, repeat=n)]
    best = max([*ended, *itertools.product(letters, repeat=4)], key=score)
    assert tuple(k for k in tokens[0].tolist() if k != PAD) == best
    assert ((shares <= 0) & (shares > -20)).all()


def collapsed(path: Iterable[int]) -> tuple[int, ...]:
    """What a path reads (Graves et al. 2006): repeated classes count once, then blanks go."""
    return tuple(k for k, _ in itertools.groupby(path) if k)


def texts_by_probability(scores: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every text over all alignments, by trying all of them."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        text = collapsed(path)
        found[text] = found.get(text, 0.0) + math.exp(sum(scores[t, k] for t, k in enumerate(path)))
    return found


def random_scores(seed: int, frames: int = 5, classes: int = 4) -> np.ndarray:
    logits = 2 * np.random.default_rng(seed).standard_normal((frames, classes))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(25))
def test_the_likeliest_text_is_found_with_its_probability(seed: int) -> None:
    """Doubled letters, blanks between them and letters that continue are where such a search goes wrong unseen."""
    scores = random_scores(seed)
    every = texts_by_probability(scores)
    path, total = best_text(scores, 1000, far_behind=0.0)
    assert tuple(path.classes) == max(every, key=lambda t: every[t])
    assert math.exp(total) == pytest.approx(every[tuple(path.classes)], rel=2e-3)


def test_the_likeliest_text_need_not_have_the_likeliest_alignment() -> None:
    """Two frames, each 0.6 blank and 0.4 `a`: blank-blank is the likeliest path, yet `a` the likelier text (0.64)."""
    scores = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert collapsed(scores.argmax(axis=1).tolist()) == ()
    path, total = best_text(scores, 2)
    assert path.classes == [1]
    assert math.exp(total) == pytest.approx(0.64)


def test_a_long_line_does_not_vanish_below_the_smallest_float() -> None:
    """A product of a thousand probabilities is zero in any float; the text must come out all the same."""
    path, total = best_text(random_scores(0, frames=4000), 4)
    assert path.classes
    assert math.isfinite(total)
    assert math.exp(total) == 0.0


def test_a_reader_with_beams_counts_no_padding() -> None:
    """Frames beyond a line's end would put letters there that nobody wrote."""
    torch.manual_seed(0)

    class Alphabet:
        classes = "abc"

    model = LineModelCtc(LineLstm(LineLstmOptions(channels=16, hidden=8), 4).eval(), Alphabet())
    model.beams = 4
    rng = np.random.default_rng(0)
    images = tuple(rng.integers(0, 256, (32, w), dtype=np.uint8) for w in (60, 75, 130))
    read = {}
    for split in (LineSplit(images, ("0", "1", "2")), *(LineSplit(images[i : i + 1], (str(i),)) for i in range(3))):
        for batch in model.batches(split, 9, torch.device("cpu")):
            with torch.no_grad():
                for p in model.predict(batch):
                    assert 0 < p.confidence <= 1
                    text, confidence = read.setdefault(p.target, (p.prediction, p.confidence))
                    assert text == p.prediction
                    assert confidence == pytest.approx(p.confidence, rel=1e-3)


@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 2)])
def test_a_norm_within_a_convolution_is_the_norm_after_it(stride: tuple[int, int]) -> None:
    """Reading takes the short way, training the long one; they must see the same line."""
    torch.manual_seed(0)
    block = Residual(3, 8, stride).eval()
    for norm in (block.first_norm, block.second_norm):
        for values in (norm.weight, norm.bias, norm.running_var):
            torch.nn.init.uniform_(values, 0.5, 2.0)
        torch.nn.init.normal_(norm.running_mean)
    x, widths = torch.randn(2, 3, 9, 16), torch.tensor([16, 11])
    with torch.no_grad():
        assert torch.allclose(normalised(block.first, block.first_norm, x), block.first_norm(block.first(x)), atol=1e-5)
        quick, after = block(without_padding(x, widths), widths)
    slow, _ = block(without_padding(x, widths), widths)
    assert torch.allclose(quick, slow, atol=1e-5)
    assert (quick[1, :, :, int(after[1]) :] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_line_ends_in_place_as_it_does_in_plain_words(dtype: torch.dtype) -> None:
    """In training the result stands where the sum stood, and says alone which gradients go back: to the last bit the same."""
    torch.manual_seed(0)
    x, skip = (torch.randn(3, 4, 5, 12, dtype=dtype, requires_grad=True) for _ in range(2))
    widths, onward = torch.tensor([12, 7, 1]), torch.randn(3, 4, 5, 12, dtype=dtype)
    plainly = without_padding(torch.relu(x + skip), widths)
    in_place = ended(x + skip, widths)
    assert torch.equal(plainly, in_place)
    wanted, found = (torch.autograd.grad(y, [x, skip], onward) for y in (plainly, in_place))
    for plain, ours in zip(wanted, found, strict=True):
        assert torch.equal(plain, ours)
        assert ours[1, ..., :7].any()
        assert not ours[1, ..., 7:].any()


def test_the_kept_keys_have_room_for_the_longest_text_and_no_more() -> None:
    """A text that never ends must stop at its limit, not fail there."""
    network, (states, there) = decoder(), memory()
    with torch.no_grad():
        network.head.bias[END] = -50.0
    for written in (greedy(network.begin(states, there, 5))[0], beam(Writing(network, states, there, 5, 2))[0]):
        assert written.shape == (6, 5)
