"""A small EMNIST in the layout of the real one: every image tells its label and which way up it is."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def glyph(label: int) -> np.ndarray:
    """An upright image that tells its label and its orientation: a bright left column, and a row at the label's height."""
    image = np.zeros((28, 28), np.uint8)
    image[:, 0] = 255
    image[label % 28, 4:20] = 100 + label
    return image


def some(each: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(62, dtype=np.uint8), each)
    return np.stack([glyph(k) for k in labels]), labels


def idx(array: np.ndarray) -> bytes:
    return b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx_files(each: int = 10) -> dict[str, bytes]:
    """The four files of ByClass; EMNIST keeps its images by columns."""
    files = {}
    for split, number in (("train", each), ("test", 3)):
        images, labels = some(number)
        files[f"emnist-byclass-{split}-images-idx3-ubyte"] = idx(images.swapaxes(1, 2))
        files[f"emnist-byclass-{split}-labels-idx1-ubyte"] = idx(labels)
    return files


def unpacked(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, data in idx_files().items():
        (folder / name).write_bytes(data)
