"""Images, histograms and tables as values, and the PNG files that are made of them."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from scheduler.tracking import png
from scheduler.tracking.media import Histogram, Image, Table, jsonable

np = pytest.importorskip("numpy")
pillow = pytest.importorskip("PIL.Image")
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def seen(image: Image) -> Any:
    """The pixels that another program finds in the file."""
    return np.asarray(pillow.open(BytesIO(image.content)))


@pytest.mark.parametrize("channels", MODES)
def test_a_png_of_ours_is_read_by_pillow_as_it_was_meant(channels: int) -> None:
    """Every width, also one whose rows have an odd number of bytes."""
    pixels = np.arange(3 * 5 * channels, dtype=np.uint8)
    found = pillow.open(BytesIO(png.encoded(pixels.tobytes(), 5, 3, channels)))
    found.verify()
    found = pillow.open(BytesIO(png.encoded(pixels.tobytes(), 5, 3, channels)))
    assert (found.mode, found.size, found.tobytes()) == (MODES[channels], (5, 3), pixels.tobytes())


@pytest.mark.parametrize(("count", "width", "channels"), [(14, 5, 1), (0, 0, 3), (25, 1, 5)])
def test_bytes_that_are_no_picture_are_refused(count: int, width: int, channels: int) -> None:
    """Better than a file that nobody can open."""
    with pytest.raises(ValueError, match="are no picture"):
        png.encoded(bytes(count), width, 3, channels)


def test_an_image_may_have_its_channels_first_or_last_and_its_numbers_in_any_range() -> None:
    """What people have at hand: bytes, floats 0 to 1, floats 0 to 255, normalised floats around 0, truth values."""
    wanted = np.array([[[0, 51, 255], [255, 0, 51]]], dtype=np.uint8)  # H x W x C
    assert (seen(Image(wanted)) == wanted).all()
    assert (seen(Image(wanted.transpose(2, 0, 1).repeat(8, 2))) == wanted.repeat(8, 1)).all()
    assert (seen(Image(wanted / 255)) == wanted).all()
    assert (seen(Image(wanted.astype(np.float32))) == wanted).all()
    assert (seen(Image(wanted / 255 * 2 - 1)) == wanted).all()
    assert (seen(Image(np.array([[True, False]]))) == [[255, 0]]).all()


def test_a_tensor_has_its_channels_first_also_where_it_is_as_wide_as_it_has_channels() -> None:
    """Of an array of 3 x 3 x 3 nobody can tell; PyTorch's convention can."""
    torch = pytest.importorskip("torch")
    tensor = torch.arange(27, dtype=torch.uint8).reshape(3, 3, 3)
    assert (seen(Image(tensor)) == tensor.permute(1, 2, 0).numpy()).all()
    assert seen(Image(torch.rand(1, 4, 5, dtype=torch.bfloat16))).shape == (4, 5)


def test_nan_and_infinities_are_pixels_too() -> None:
    """A training that diverges is looked at most of all."""
    assert seen(Image(np.array([[math.nan, math.inf, -math.inf, 1.0]]))).tolist() == [[0, 255, 0, 255]]
    assert seen(Image(np.full((2, 2), math.nan))).tolist() == [[0, 0], [0, 0]]


def test_a_batch_is_drawn_side_by_side() -> None:
    """What a loader gives is a batch; nobody should have to pick it apart."""
    batch = np.stack([np.full((2, 8), value, dtype=np.uint8) for value in (10, 20, 30)])[:, None]
    assert seen(Image(batch))[::2, ::8].tolist() == [[10, 20], [30, 0]]


def test_an_image_is_as_it_was_when_it_was_logged() -> None:
    """The next batch overwrites the array."""
    array = np.zeros((2, 2), dtype=np.uint8)
    image = Image(array, "before")
    array[:] = 255
    assert (seen(image).max(), image.caption) == (0, "before")


def test_pillow_images_and_files_are_images(tmp_path: Path) -> None:
    """A file is kept as it is, whatever its format."""
    pillow.new("RGB", (2, 1), (1, 2, 3)).save(tmp_path / "a.BMP")
    assert seen(Image(pillow.new("RGB", (2, 1), (1, 2, 3)))).tolist() == [[[1, 2, 3]] * 2]
    image = Image(tmp_path / "a.BMP")
    assert (image.content, image.suffix) == ((tmp_path / "a.BMP").read_bytes(), ".bmp")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    """By name or shape."""
    with pytest.raises(ValueError, match=r"no picture: its name ends in none of .*\.png"):
        Image(tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"an array of shape \(5,\) is no picture"):
        Image(np.zeros(5))


@pytest.mark.parametrize("values", [[0.0, 1.0, 2.0, 4.0, math.nan, math.inf], [3, 3], [], [-1.7e308, 0.0, 1.7e308], [math.nan]])
def test_a_histogram_is_the_same_of_a_list_and_of_an_array(values: list[float]) -> None:
    """Counted by us or by NumPy; every number is in a bin or is told to be none."""
    one, other = Histogram.of(values, 4), Histogram.of(np.array(values, dtype=np.float64), 4)
    assert one == other
    assert sum(one.counts) + one.other == len(values)
    assert all(map(math.isfinite, one.edges))


def test_a_histogram_of_a_tensor_is_that_of_its_numbers() -> None:
    """A tensor is counted by its own library, on its own device; NaN, sparse ones and single values are no exception."""
    torch = pytest.importorskip("torch")
    values = [[0.0, 1.0], [2.0, 4.0], [float("nan"), float("inf")]]
    assert Histogram.of(torch.tensor(values, requires_grad=True), 4) == Histogram.of(values, 4)
    assert Histogram.of(torch.tensor([7, 7]), 4) == Histogram.of([7, 7], 4)
    assert Histogram.of(torch.tensor([]), 4) == Histogram.of([], 4)
    assert Histogram.of(torch.tensor([[0.0, 2.0], [0.0, 0.0]]).to_sparse(), 4) == Histogram.of([2.0], 4)


def test_a_row_that_does_not_fit_its_table_is_refused() -> None:
    """It would shift all cells after it."""
    table = Table(["a", "b"], [[1, 2]])
    with pytest.raises(ValueError, match="a row of 3 cells, in a table of 2 columns"):
        table.add(1, 2, 3)
    before = table.copied()
    table.add(3, "x")
    assert (before.rows, table.rows) == ([[1, 2]], [[1, 2], [3, "x"]])


def test_any_value_of_a_configuration_has_a_form_in_json() -> None:
    """A class or a path in a configuration must not cost the whole log."""
    found = jsonable({"lr": np.float32(0.5), "net": {"sizes": (1, 2)}, "at": Path("x"), 3: None, "array": np.zeros(2)})
    assert jsonable([range(2), {3}, b"x"]) == [[0, 1], [3], "b'x'"]
    assert found == {"lr": 0.5, "net": {"sizes": [1, 2]}, "at": "x", "3": None, "array": "[0. 0.]"}
