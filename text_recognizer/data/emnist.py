"""EMNIST: 814,255 handwritten digits and letters of about 3,600 writers (Cohen et al. 2017), from your own download.

The ByClass files in any of their published forms: `matlab.zip` or `emnist-byclass.mat` in it; `gzip.zip` or its IDX files
(also unpacked, also where torchvision keeps them). They are in the public domain as works of NIST.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import string
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from text_recognizer.data.cache import Arrays, cached_arrays
from text_recognizer.data.characters import SIDE, Characters, CharacterSplit
from text_recognizer.data.options import EmnistOptions, MnistOptions
from text_recognizer.data.preparing import tell
from text_recognizer.errors import DataError

CLASSES = string.digits + string.ascii_uppercase + string.ascii_lowercase
"""The 62 classes of ByClass in the order of their labels. The labs' lists of 80 and 83 add special tokens and punctuation,
of which EMNIST has no image; here every class can occur."""

SPECIAL_TOKENS = 4
"""The labs of 2021 shift all labels by their four special tokens before they take the mean count per class, and so average
over 66 classes; kept, for the number of images follows from it."""

MATLAB_SHA256 = "e1fa805cdeae699a52da0b77c2db17f6feb77eed125f9b45c022e7990444df95"
_VERSION = 1
_MATLAB, _IDX = "emnist-byclass.mat", "emnist-byclass-{}-{}-ubyte"
_SPLITS = ("train", "test")
_WHERE_FROM = "https://www.nist.gov/itl/products-and-services/emnist-dataset"


def emnist(options: EmnistOptions) -> Characters:
    """Digits and letters in three splits: EMNIST's test set as it is (or balanced too), its training set four to one.

    Images uint8 (N, 28, 28), ink bright, upright. Raises DataError where the files are missing or damaged.
    """
    arrays = samples(options.folder, balanced=options.balanced)
    order = np.random.default_rng(options.seed).permutation(len(arrays["train_labels"]))
    cut = round(len(order) * 0.8)
    train, val = (_chosen(arrays, "train", part) for part in (order[:cut], order[cut:]))
    test = _chosen(arrays, "test", np.random.default_rng(options.seed).permutation(len(arrays["test_labels"])))
    return Characters(used(train, options), used(val, options), used(test, options), CLASSES)


def used(split: CharacterSplit, options: EmnistOptions | MnistOptions) -> CharacterSplit:
    """The first images of a split, as many as `subsample_fraction` and `limit` allow, and one at least."""
    return split.first(min(options.limit or len(split), max(1, round(len(split) * options.subsample_fraction))))


def samples(folder: str, *, balanced: bool) -> Arrays:
    """`train_images`, `train_labels`, `test_images`, `test_labels` (0 to 61), from the cache after the first time."""
    source = find(data_folder(folder, "emnist"))
    state = source.stat()
    key = {"emnist": _VERSION, "file": str(source.absolute()), "size": state.st_size, "time": state.st_mtime_ns}
    names = [f"{split}_{what}" for split in _SPLITS for what in ("images", "labels")]
    return cached_arrays({**key, "balanced": balanced}, names, lambda: _made(source, balanced))


def data_folder(given: str, name: str) -> Path:
    """Where a downloaded data set lies: the folder that is given, else `name` in TEXT_RECOGNIZER_DATA or ./.data."""
    return Path(given).expanduser() if given else Path(os.environ.get("TEXT_RECOGNIZER_DATA") or ".data") / name


def find(folder: Path) -> Path:
    """The file of EMNIST to read from: an archive, the MATLAB file, or the IDX file of the training images."""
    names = ("matlab.zip", _MATLAB, "gzip.zip", *(_IDX.format("train", "images-idx3") + end for end in ("", ".gz")))
    for name in names:
        for path in (folder / name, folder / "matlab" / name, folder / "gzip" / name, folder / "EMNIST" / "raw" / name):
            if path.exists():
                return path
    raise DataError(
        f"{folder}: EMNIST is not there; download matlab.zip (or gzip.zip) from {_WHERE_FROM} on a machine with a network, "
        f"and put it there, or name its folder with dataset_args.folder or TEXT_RECOGNIZER_DATA; "
        f'"dataset": "GeneratedCharacters" needs no download'
    )


def read_idx(data: bytes, where: str) -> np.ndarray:
    """The uint8 array in an IDX file of unsigned bytes (format of LeCun's MNIST page), packed by gzip or not."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise DataError(f"{where}: damaged, it cannot be unpacked ({error}); download it again") from error
    if data[:3] != b"\x00\x00\x08" or len(data) < 4 + 4 * data[3]:
        raise DataError(f"{where}: not an IDX file of bytes; download it again")
    shape = struct.unpack_from(f">{data[3]}I", data, 4)
    content = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    if content.size != np.prod(shape):
        raise DataError(f"{where}: {content.size} bytes where its head says {np.prod(shape)}; download it again")
    return content.reshape(shape)


def balanced_choice(labels: np.ndarray) -> np.ndarray:
    """Which samples the labs keep: of every class as many as the mean count, drawn with replacement (seed 42), each once.

    Large classes so come down to the mean, and lose a little more where they are small; see SPECIAL_TOKENS.
    """
    rng = np.random.RandomState(42)
    number = int(len(labels) / (int(labels.max()) + 1 + SPECIAL_TOKENS))
    chosen = [np.unique(rng.choice(np.flatnonzero(labels == k), number)) for k in np.unique(labels)]
    return np.concatenate(chosen)


def _made(source: Path, balanced: bool) -> Arrays:
    tell(f"unpacking {source.name}, which takes a while; the next start finds it unpacked")
    try:
        arrays = _of_matlab(source) if source.name.endswith((".mat", "matlab.zip")) else _of_idx(source)
    except (zipfile.BadZipFile, zlib.error, LookupError, ValueError, TypeError, EOFError, NotImplementedError) as error:
        raise DataError(f"{source}: damaged, or another file ({error!s:.80}); download it again") from error
    made: dict[str, np.ndarray] = {}
    for split in _SPLITS:
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"].reshape(-1).astype(np.int64)
        keep = balanced_choice(labels) if balanced else np.arange(len(labels))
        made[f"{split}_labels"] = labels[keep]
        # both forms keep their images by columns, as MATLAB does
        made[f"{split}_images"] = images.reshape(-1, SIDE, SIDE)[keep].swapaxes(1, 2).copy()
    return made


def _of_matlab(source: Path) -> Mapping[str, np.ndarray]:
    from scipy.io import loadmat

    if source.suffix == ".zip":
        _check(source)
        with zipfile.ZipFile(source) as archive:
            file: io.BytesIO | Path = io.BytesIO(archive.read(_member(archive, _MATLAB)))
    else:
        file = source
    dataset = loadmat(file)["dataset"][0, 0]
    return {f"{s}_{what}": dataset[s][0, 0][what] for s in _SPLITS for what in ("images", "labels")}


def _check(archive: Path) -> None:
    with archive.open("rb") as file:
        sha = hashlib.sha256()
        while block := file.read(1 << 20):
            sha.update(block)
    if sha.hexdigest() != MATLAB_SHA256:
        raise DataError(f"{archive}: its SHA-256 is not that of the published file, {MATLAB_SHA256[:16]}...; download it again")


def _of_idx(source: Path) -> Mapping[str, np.ndarray]:
    files = dict(_idx_files(source))
    return {name: read_idx(data, f"{source} ({name})") for name, data in files.items()}


def _idx_files(source: Path) -> Iterator[tuple[str, bytes]]:
    for split in _SPLITS:
        for what, kind in (("images", "images-idx3"), ("labels", "labels-idx1")):
            yield f"{split}_{what}", _content(source, _IDX.format(split, kind))


def _content(source: Path, name: str) -> bytes:
    if source.suffix == ".zip":
        with zipfile.ZipFile(source) as archive:
            return archive.read(_member(archive, name))
    for path in (source.with_name(name), source.with_name(f"{name}.gz")):
        if path.exists():
            return path.read_bytes()
    raise DataError(f"{source.with_name(name)}: missing, but {source.name} is there; unpack all files of the archive")


def _member(archive: zipfile.ZipFile, name: str) -> str:
    found = next((n for n in archive.namelist() if n.removesuffix(".gz").endswith(name)), "")
    if not found:
        raise LookupError(f"no {name} in it")
    return found


def _chosen(arrays: Arrays, split: str, chosen: np.ndarray) -> CharacterSplit:
    return CharacterSplit(arrays[f"{split}_images"][chosen], np.asarray(arrays[f"{split}_labels"][chosen]))
