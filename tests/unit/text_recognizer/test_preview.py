"""The picture and the words that tell what a data set holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image  # noqa: E402

from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.data.__main__ import main  # noqa: E402
from text_recognizer.data.characters import CharacterSplit  # noqa: E402
from text_recognizer.data.line_set import LineSplit  # noqa: E402
from text_recognizer.data.options import LineOptions  # noqa: E402
from text_recognizer.data.preview import preview  # noqa: E402

SMALL = ["--train_size=30", "--val_size=2", "--test_size=3"]


@pytest.mark.parametrize("name", ["GeneratedLines", "GeneratedCharacters"])
def test_a_data_set_is_shown_in_words_and_in_a_picture(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Most mistakes in data are seen at once, by whoever looks."""
    assert main([name, *SMALL, "--preview", str(tmp_path / "x.png")]) == 0
    assert "train 30  val 2  test 3" in capsys.readouterr().out
    picture = np.asarray(Image.open(tmp_path / "x.png"))
    assert picture.shape[1] == 1000
    assert 0.01 < (picture < 128).mean() < 0.5


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["GeneratedLine"], 2, 'did you mean "GeneratedLines"?'),
        (["GeneratedLines", "--train_sise=3"], 2, "did you mean"),
        (["GeneratedLines", "train_size=3"], 2, "not of the form --KEY=VALUE"),
        (["LineFolder", "--folder=/none"], 1, "/none: no such folder of lines"),
        (["LineFolder", "--folder=0042"], 1, "0042: no such folder of lines"),
        (["GeneratedLines", "--preview=x.foo"], 2, "'x.foo', whose ending names no kind of picture"),
        (["GeneratedLines", "--preview=x"], 2, "'x', whose ending names no kind of picture"),
    ],
)
def test_a_slip_on_its_command_line_is_named(
    arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same words as in an experiment."""
    assert main(arguments) == status
    assert message in capsys.readouterr().err


def test_lines_of_any_width_fit_on_the_sheet() -> None:
    """A line wider than the sheet is cut at its edge, not an error."""
    split = LineSplit(tuple(np.full((32, w), 255, np.uint8) for w in (40, 1500, 900, 90)), ("a", "b", "c\nd", "é"))
    assert preview(split, "abc").size == (1000, 4 * 54)


def test_a_picture_shows_every_split_and_what_augmentation_does(tmp_path: Path) -> None:
    """Val that looks unlike train, or augmentation that leaves nothing to read, is seen at once, or in no figure at all."""
    pytest.importorskip("torch")
    from text_recognizer.models.varied import shown, varied, varied_characters

    flags = ["--train_size=20", "--val_size=6", "--test_size=6"]
    for name in ("GeneratedLines", "GeneratedCharacters"):
        heights = []
        for strength in ("0", "0.5"):
            assert main([name, *flags, f"--varied={strength}", "--preview", str(tmp_path / "seen.png")]) == 0
            with Image.open(tmp_path / "seen.png") as picture:
                heights.append(picture.height)
                assert picture.width == 1000
        assert min(heights) > 4 * 60
    data = DATASETS.find("GeneratedLines").load()(LineOptions(train_size=20, val_size=6, test_size=6))
    titles = ["train", "train, varied (augment 0.5)", "val", "test"]
    assert [title for title, _ in shown(data, 0.5)] == titles
    assert [title for title, _ in shown(replace(data, test=data.val), 0.5)] == titles[:3]
    assert {text for _, part in shown(data, 0.5)[2:3] for text in part.texts} <= set(data.val.texts)
    stroke = np.zeros((32, 90), np.uint8)
    stroke[8:24, 20:24] = 255
    lines = LineSplit((stroke, stroke), ("a", "b"))
    assert np.array_equal(varied(lines, None, 0.0).images[0], stroke)
    first, again = varied(lines, None, 0.5), varied(lines, None, 0.5)
    assert not np.array_equal(first.images[0], stroke)
    assert np.array_equal(first.images[1], again.images[1])
    assert first.texts == lines.texts
    one = CharacterSplit(stroke[None, :28, :28], np.zeros(1, np.int64))
    assert varied_characters(one, 0.5).images.shape == (1, 28, 28)
