"""Character n-grams against their definition, and searches with them against trying out everything."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest

np = pytest.importorskip("numpy")

from text_recognizer.models.ctc_beam import best_text  # noqa: E402
from text_recognizer.models.ctc_path import Path, best_path, extents, peaks, shares  # noqa: E402
from text_recognizer.models.fusion import Fusion, Weights  # noqa: E402
from text_recognizer.models.ngrams import EDGE, Ngrams, counted, symbols_of  # noqa: E402

ALPHABET = "abc"
TEXTS = ("abba", "abcab", "cab", "bacca", "a", "abba?", "")
SYMBOLS = symbols_of(ALPHABET)


def by_definition(texts: tuple[str, ...], order: int, before: tuple[int, ...], symbol: int) -> float:
    """Interpolated Kneser-Ney, as it stands in the books, from all n-grams as tuples."""
    number = {c: k for k, c in enumerate(ALPHABET, start=1)}
    rows = [(EDGE, *(number.get(c, SYMBOLS - 1) for c in text), EDGE) for text in texts if text]
    raw = [Counter(r[i : i + n] for r in rows for i in range(len(r) - n + 1)) for n in range(order + 2)]

    def counts(n: int) -> dict[tuple[int, ...], int]:
        ahead = Counter(longer[1:] for longer in raw[n + 1]) if n < order else Counter()
        return {gram: ahead[gram] or times for gram, times in raw[n].items()}

    probability = 1 / SYMBOLS
    for n in range(1, min(order, len(before) + 1) + 1):
        of = counts(n)
        context = before[len(before) - n + 1 :]
        children = {gram: times for gram, times in of.items() if gram[:-1] == context}
        if not children:
            break
        once, twice = (sum(times == k for times in of.values()) for k in (1, 2))
        discount = once / (once + 2 * twice) if once and twice else 0.5
        total = sum(children.values())
        own = max(children.get((*context, symbol), 0) - discount, 0)
        probability = own / total + discount * len(children) / total * probability
    return probability


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_probabilities_are_those_of_the_definition(order: int) -> None:
    """A back-off to the wrong shorter context still gives fluent texts, and a few more errors that nobody explains."""
    ngrams = Ngrams(counted(TEXTS, ALPHABET, order, 10**6), ALPHABET)
    for text in itertools.product(range(1, SYMBOLS), repeat=3):
        state = ngrams.start
        for place, symbol in enumerate((*text, EDGE)):
            known = (EDGE, *text[:place])
            probability, after = ngrams.step(state, symbol)
            assert probability == pytest.approx(by_definition(TEXTS, order, known, symbol))
            assert sum(ngrams.step(state, k)[0] for k in range(SYMBOLS)) == pytest.approx(1)
            state = after


def test_a_large_text_gives_shorter_ngrams_and_not_a_full_memory() -> None:
    """A user may name a file of any size."""
    levels = counted(TEXTS, ALPHABET, 5, 20)
    assert 1 < len(levels) < 5
    assert sum(map(len, levels)) <= 20


def fusion(weight: float = 0.7, bonus: float = 0.4, beams: int = 1000) -> Fusion:
    return Fusion(Ngrams(counted(TEXTS, ALPHABET, 3, 10**6), ALPHABET), Weights(weight, bonus, beams))


def added_to(text: tuple[int, ...], model: Fusion) -> float:
    """What the model adds to the logarithm of a text's probability, from its n-grams alone."""
    state, total = model.ngrams.start, 0.0
    for symbol in (*text, EDGE):
        probability, state = model.ngrams.step(state, symbol)
        total += model.weights.weight * math.log(probability) + model.weights.bonus * (symbol != EDGE)
    return total


def random_scores(seed: int, frames: int = 5) -> np.ndarray:
    logits = 2 * np.random.default_rng(seed).standard_normal((frames, 1 + len(ALPHABET)))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(12))
def test_a_search_in_frames_finds_the_best_of_all_texts(seed: int) -> None:
    """Network and language must both count once for every text, whichever alignment it was found by."""
    scores, model = random_scores(seed), fusion()
    every: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        text = tuple(best_path(np.array(path)).classes)
        every[text] = every.get(text, 0.0) + math.exp(sum(scores[t, k] for t, k in enumerate(path)))
    weighed = {text: math.log(probability) + added_to(text, model) for text, probability in every.items()}
    path, total = best_text(scores, 1000, model, far_behind=0.0)
    assert tuple(path.classes) == max(weighed, key=lambda text: weighed[text])
    assert total == pytest.approx(max(weighed.values()))
    assert path.frames == sorted(path.frames)


def searched_plainly(scores: np.ndarray, model: Fusion, beams: int, far_behind: float) -> tuple[tuple[int, ...], float]:
    """The same search with texts as keys, which makes every continuation and drops it after the frame."""
    scale, kept = 0.0, {(): (1.0, 0.0, model.start)}  # after a blank, after its last class, the state
    for blank, *others in np.exp(scores).tolist():
        least = far_behind / 4 if blank >= 0.5 else min(far_behind / 4, max(others))
        stays = {k: p for k, p in enumerate(others, start=1) if p >= least}
        enough = far_behind * sum(next(iter(kept.values()))[:2]) * max(blank, *stays.values(), 0.0)
        grown = {
            text: [(b + n) * blank, n * stays.get(text[-1] if text else 0, 0.0), state] for text, (b, n, state) in kept.items()
        }
        for text, (b, n, state) in kept.items():
            for k, p in stays.items():
                if (b + n) * p > enough:
                    factor, after = model.step(state, k)
                    came = (b if text[-1:] == (k,) else b + n) * p * factor
                    grown.setdefault((*text, k), [0.0, 0.0, after])[1] += came
        best = sorted(grown.items(), key=lambda each: -sum(each[1][:2]))[:beams]
        top = sum(best[0][1][:2])
        kept = {text: (b / top, n / top, state) for text, (b, n, state) in best if (b + n) / top > far_behind}
        scale += math.log(top)
    finals = {text: scale + math.log((b + n) * model.end(state)) for text, (b, n, state) in kept.items()}
    return max(finals.items(), key=lambda each: each[1])


@pytest.mark.parametrize("seed", range(20))
def test_what_is_not_even_made_would_have_been_dropped(seed: int) -> None:
    """It is left out for speed; that may never change a text."""
    scores, model = random_scores(seed, frames=24), fusion(0.7, 1.2)
    for beams, far_behind in ((3, 0.05), (12, 4e-3), (6, 0.2)):
        path, total = best_text(scores, beams, model, far_behind)
        text, same = searched_plainly(scores, model, beams, far_behind)
        assert tuple(path.classes) == text
        assert total == pytest.approx(same, abs=1e-9)


def certain(frames: list[int]) -> np.ndarray:
    """Frames in which one class each is nearly sure."""
    scores = np.full((len(frames), 4), 1e-3)
    scores[np.arange(len(frames)), frames] = 1.0
    return np.log(scores / scores.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("searched", [False, True])
def test_every_character_knows_its_frame(searched: bool) -> None:
    """A confidence or a place that belongs to the letter beside it is worse than none."""
    scores = certain([0, 1, 1, 0, 2, 0, 0, 2, 3, 0])
    path = best_text(scores, 8, fusion(0.3))[0] if searched else best_path(scores.argmax(axis=1))
    assert path == Path([1, 2, 2, 3], [1, 4, 7, 8])
    at = peaks(path, scores)
    assert at == [1, 4, 7, 8]
    reaches = extents(at, len(scores))
    assert all(begin <= (place + 0.5) / len(scores) <= end for place, (begin, end) in zip(at, reaches, strict=True))
    assert [end for _, end in reaches[:-1]] == [begin for begin, _ in reaches[1:]]


def test_a_text_without_characters_has_nothing_to_say_of_them() -> None:
    """An empty strip of paper is a line as well."""
    scores = certain([0, 0, 0])
    path = best_text(scores, 4, fusion())[0]
    assert (path, peaks(path, scores), shares(path, [], scores, fusion()), extents([], 3)) == (Path([], []), [], [], [])


def test_the_language_changes_how_sure_a_character_is() -> None:
    """Of two letters that look alike the one that fits is the surer one; without a model both are a half."""
    scores = np.log([[1e-9, 0.5, 0.5, 1e-9]])
    model = fusion(1.0, 0.0)
    alone = [shares(Path([k], [0]), [0], scores, None)[0] for k in (1, 2)]
    told = [shares(Path([k], [0]), [0], scores, model)[0] for k in (1, 2)]
    begins = [model.ngrams.step(model.start, k)[0] for k in (1, 2)]
    assert alone == pytest.approx([0.5, 0.5])
    assert told == pytest.approx([p / sum(begins) for p in begins])


def test_a_share_counts_the_blank_once_and_itself_however_small() -> None:
    """A letter that the model alone has put there is the one whose confidence matters."""
    probabilities, model = [0.2, 0.5, 0.29999, 0.00001], fusion()
    weighed = [p * model.step(model.start, k)[0] for k, p in enumerate(probabilities) if k]
    for k in (1, 3):
        (share,) = shares(Path([k], [0]), [0], np.log([probabilities]), model)
        others = weighed if k == 3 else weighed[:2]
        assert share == pytest.approx(weighed[k - 1] / (sum(others) + 0.2))
