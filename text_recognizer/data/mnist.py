"""MNIST: 70,000 handwritten digits (LeCun, Cortes and Burges), from your own download or torchvision's.

Four IDX files, packed by gzip or not, where torchvision keeps them (`MNIST/raw`) or in the folder itself. CC BY-SA 3.0.
"""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np

from text_recognizer.data.characters import Characters, CharacterSplit
from text_recognizer.data.emnist import data_folder, read_idx, used
from text_recognizer.data.options import MnistOptions
from text_recognizer.errors import DataError

_VAL_SHARE = 55_000 / 60_000  # the labs train on 55,000


def mnist(options: MnistOptions) -> Characters:
    """Digits in three splits: MNIST's test set as it is, a twelfth of its training set as val.

    Images uint8 (N, 28, 28), ink bright. Raises DataError where the files are missing or damaged.
    """
    folder = data_folder(options.folder, "mnist")
    images, labels = (_read(folder, "train", what) for what in ("images-idx3", "labels-idx1"))
    order = np.random.default_rng(options.seed).permutation(len(labels))
    cut = round(len(order) * _VAL_SHARE)
    test = CharacterSplit(*(_read(folder, "t10k", what) for what in ("images-idx3", "labels-idx1")))
    train, val = (CharacterSplit(images[part], labels[part]) for part in (order[:cut], order[cut:]))
    return Characters(used(train, options), used(val, options), used(test, options), string.digits)


def _read(folder: Path, split: str, what: str) -> np.ndarray:
    name = f"{split}-{what}-ubyte"
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        for path in (place / name, place / f"{name}.gz"):
            if path.exists():
                array = read_idx(path.read_bytes(), str(path))
                return array if array.ndim == 3 else array.astype(np.int64)
    raise DataError(
        f"{folder}: {name} is not there; put MNIST's four files there (torchvision.datasets.MNIST(folder, download=True) does) "
        f'or name their folder (dataset_args.folder, TEXT_RECOGNIZER_DATA); "dataset": "GeneratedCharacters" needs no download'
    )
