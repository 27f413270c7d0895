"""What a training can show beside numbers: images, histograms and tables, as values that no later step can change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import field
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from scheduler.tracking import png
from scheduler.tracking.plain import plain
from scheduler.values import dataclass

BINS = 64
SMALL = 1 << 16  # numbers that are counted sooner by one thread than by several that wait for one another
EXACT = 1 << 24  # as many can be counted in single precision
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg")


class Image:
    """A picture, encoded at once: the array may be overwritten by the next batch.

    `data`: an array (NumPy's, PyTorch's or alike) of H x W, H x W x C, or as PyTorch has it C x H x W, with 1, 3 or 4 channels,
    or a batch of these, drawn side by side; of whole numbers 0 to 255 or of floats 0 to 1 (those that go above are taken for 0 to
    255; where some are below 0, the least is black and the greatest white); a Pillow image; a Matplotlib figure; or the path of
    a picture. ValueError or TypeError for what is none of these; OSError if the file cannot be read.
    """

    def __init__(self, data: Any, caption: str | None = None) -> None:
        self.content, self.suffix = _picture(data)
        self.caption = caption or ""


@dataclass(frozen=True)
class Histogram:
    """How values were distributed: `counts[i]` of them from `edges[i]` to `edges[i + 1]`; `other` were NaN or infinite."""

    edges: Sequence[float]
    counts: Sequence[int]
    other: int = 0

    @classmethod
    def of(cls, values: Any, bins: int = BINS) -> Histogram:
        """Of the numbers in a sequence, an array or a tensor of any shape. A large tensor is counted where it lies."""
        if hasattr(values, "histc"):
            return cls._of_tensor(values, bins)
        if hasattr(values, "__array__"):
            return cls._of_array(values, bins)
        numbers = [float(each) for each in _flat(values)]
        finite = [each for each in numbers if math.isfinite(each)]
        low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
        counts = [0] * bins
        for each in finite:
            counts[bin_of(each, low, high, bins)] += 1
        return cls(edges_between(low, high, bins), counts, len(numbers) - len(finite))

    @classmethod
    def _of_array(cls, values: Any, bins: int) -> Histogram:
        import numpy as np

        numbers = np.asarray(values).ravel().astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        if not math.isfinite(high - low):
            return cls.of(numbers.tolist(), bins)
        edges = edges_between(low, high, bins)
        counts, _ = np.histogram(finite, bins, (edges[0], edges[-1]))
        return cls(edges, counts.tolist(), int(numbers.size - finite.size))

    @classmethod
    def _of_tensor(cls, values: Any, bins: int) -> Histogram:
        dense = values.detach().coalesce().values() if getattr(values, "is_sparse", False) else values.detach()
        numbers = (dense.double() if dense.numel() > EXACT else dense.float()).flatten()
        try:
            if numbers.numel() > SMALL or str(numbers.device) != "cpu":
                return cls._where_it_lies(numbers, bins)
        except RuntimeError:  # where only deterministic operations are allowed, PyTorch counts nothing on a GPU
            numbers = numbers.cpu()
        return cls._of_array(numbers.numpy(), bins)

    @classmethod
    def _where_it_lies(cls, numbers: Any, bins: int) -> Histogram:
        finite = numbers[numbers.isfinite()]
        low, high = (each.item() for each in finite.aminmax()) if finite.numel() else (0.0, 0.0)
        edges = edges_between(low, high, bins)
        counts = finite.histc(bins, edges[0], edges[-1]).tolist() if finite.numel() else [0] * bins
        return cls(edges, [int(each) for each in counts], numbers.numel() - finite.numel())


def edges_between(low: float, high: float, bins: int) -> list[float]:
    """The edges of `bins` bins of one width; around a single value they are 1 apart in all.

    >>> edges_between(0, 2, 4), edges_between(3, 3, 2), edges_between(-1.5e308, 1.5e308, 2)
    ([0.0, 0.5, 1.0, 1.5, 2.0], [2.5, 3.0, 3.5], [-1.5e+308, 0.0, 1.5e+308])
    """
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    parts = [number / bins for number in range(bins)]
    return [low * (1 - part) + high * part for part in parts] + [float(high)]  # high - low may be more than a float


def bin_of(value: float, low: float, high: float, bins: int) -> int:
    """The bin of a value between `low` and `high`.

    >>> [bin_of(value, 0, 1, 4) for value in (0, 0.25, 0.99, 1)], bin_of(7, 7, 7, 4), bin_of(1.5e308, -1.5e308, 1.5e308, 4)
    ([0, 1, 3, 3], 2, 3)
    """
    width = high / bins - low / bins
    return min(int(value / width - low / width), bins - 1) if width else bins // 2


@dataclass
class Table:
    """Named columns and rows of cells: numbers, texts, images, None."""

    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns, self.rows = [str(each) for each in self.columns], [self._fitting(row) for row in self.rows]

    def add(self, *cells: Any) -> None:
        """One more row. ValueError if there are not as many cells as columns."""
        self.rows.append(self._fitting(cells))

    def _fitting(self, cells: Iterable[Any]) -> list[Any]:
        row = list(cells)
        if len(row) != len(self.columns):
            raise ValueError(f"a row of {len(row)} cells, in a table of {len(self.columns)} columns")
        return row

    def copied(self) -> Table:
        """As it is now; it may go on growing."""
        return Table(self.columns, list(self.rows))


def predictions_table(rows: Sequence[Mapping[str, Any]], images: Sequence[Any] | None = None) -> Table:
    """Predictions as a table, with the images in a first column where there are any."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells: list[Sequence[Any]] = [[row.get(name) for name in names] for row in rows]
    if images is None:
        return Table(names, cells)
    return Table(["image", *names], [[Image(image), *row] for image, row in zip(images, cells, strict=True)])


Shown = Image | Histogram | Table
SHOWN = (Image, Histogram, Table)


def jsonable(value: Any) -> Any:
    """A value of a configuration or a cell as JSON has it; what JSON has no word for, as a text.

    >>> jsonable({"lr": 1e-3, "sizes": (1, 2), "at": Path("x")})
    {'lr': 0.001, 'sizes': [1, 2], 'at': 'x'}
    """
    if isinstance(value, Mapping):
        return {str(name): jsonable(each) for name, each in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (bytes, bytearray)):
        return [jsonable(each) for each in value]
    try:
        return plain("", value)
    except TypeError:
        return str(value)


def _flat(values: Any) -> list[Any]:
    values = _array(values)
    if hasattr(values, "ravel"):
        return list(values.ravel().tolist())
    found: list[Any] = []
    for each in values:
        found += [each] if isinstance(each, (int, float)) else _flat(each) if isinstance(each, Iterable) else [plain("", each)]
    return found


def _array(data: Any) -> Any:
    """A tensor as an array in memory; other things as they are."""
    if hasattr(data, "detach"):
        data = data.detach().cpu()
        return (data.float() if "bfloat16" in str(data.dtype) else data).numpy()
    return data


def _picture(data: Any) -> tuple[bytes, str]:
    if isinstance(data, (str, PathLike)):
        return _file(Path(fspath(data)))
    if hasattr(data, "savefig"):
        return _saved(data.savefig, format="png"), ".png"
    if hasattr(data, "getbands"):
        return _saved(data.save, format="PNG"), ".png"
    if hasattr(data, "figure") and hasattr(data.figure, "savefig"):  # axes
        return _saved(data.figure.savefig, format="png"), ".png"
    return _of_array(_array(data), tensor=hasattr(data, "detach")), ".png"


def _file(path: Path) -> tuple[bytes, str]:
    if path.suffix.lower() not in PICTURES:
        raise ValueError(f"{path} is no picture: its name ends in none of {', '.join(PICTURES)}")
    return path.read_bytes(), path.suffix.lower()


def _saved(save: Any, **options: Any) -> bytes:
    content = BytesIO()
    save(content, **options)
    return content.getvalue()


def _of_array(array: Any, *, tensor: bool) -> bytes:
    try:
        import numpy as np

        array = np.asarray(array)
    except ImportError:
        raise TypeError("an image of numbers needs NumPy") from None
    if array.dtype == object or array.ndim not in (2, 3, 4):
        raise ValueError(f"an array of shape {array.shape} is no picture: it is H x W, H x W x C or C x H x W")
    pixels = np.ascontiguousarray(
        _bytes(_tiled([_channels_last(each, tensor) for each in array]) if array.ndim == 4 else _channels_last(array, tensor))
    )
    height, width = pixels.shape[:2]
    return png.encoded(pixels.tobytes(), width, height, pixels.shape[2] if pixels.ndim == 3 else 1)


def _channels_last(array: Any, tensor: bool) -> Any:
    """H x W, or H x W x C."""
    if array.ndim == 3 and array.shape[0] in png.COLOURS and (tensor or array.shape[2] not in png.COLOURS):
        return array.transpose(1, 2, 0)
    return array


def _tiled(images: Sequence[Any]) -> Any:
    """Images of one size, side by side, as nearly square as it goes."""
    import numpy as np

    across = math.ceil(math.sqrt(len(images)))
    rest = [np.zeros_like(images[0])] * (-len(images) % across)
    tiles = [*images, *rest]
    rows = [np.concatenate(tiles[at : at + across], axis=1) for at in range(0, len(tiles), across)]
    return np.concatenate(rows, axis=0)


def _bytes(array: Any) -> Any:
    """As whole numbers from 0 to 255."""
    import numpy as np

    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    if array.dtype.kind != "f":
        return np.clip(array, 0, 255).astype(np.uint8)
    finite = array[np.isfinite(array)].astype(np.float64)
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    floor = min(low, 0.0)
    top = high if low < 0 else 1.0 if high <= 1 else 255.0
    scaled = (np.nan_to_num(array.astype(np.float64), nan=floor, posinf=top, neginf=floor) - floor) / ((top - floor) or 1.0)
    return (np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)
