"""Weights on disk: whole or not at all, with a checksum, and with the experiment that rebuilds the network.

A checkpoint is one file of `torch.save`, readable by `torch.load(path, weights_only=True)`, with these keys:

    format      1
    experiment  the experiment as JSON, all defaults filled in
    classes     the names of the classes, in the order of the logits (lines: the alphabet; the blank comes before it)
    about       JSON: epoch, metric, figure, version of torch
    weights     the state of the network, name -> tensor
    sha256      of everything above, see `digest`
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from text_recognizer.errors import CheckpointError

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A network's weights and what is known about them."""

    experiment: dict[str, Any]
    classes: str
    about: dict[str, Any]
    weights: dict[str, torch.Tensor]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Puts the checkpoint at `path` in one step: a reader, and a crash at any moment, finds the old file or the new one.

    Written to a temporary file beside it, flushed to the disk, then renamed. A left-over `.part` file is of no use.
    Raises CheckpointError where the disk is full or refuses it; what was at `path` before is still there.
    """
    content = {
        "format": FORMAT,
        "experiment": json.dumps(checkpoint.experiment),
        "classes": checkpoint.classes,
        "about": json.dumps(checkpoint.about),
        "weights": {name: tensor.detach().cpu().clone() for name, tensor in checkpoint.weights.items()},
    }
    put(path, _written({**content, "sha256": digest(content)}).getbuffer())


def put(path: Path, content: bytes | memoryview) -> None:
    """The same for any file: whole or not at all, and on the disk when this comes back. Raises CheckpointError as `save` does."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _flush_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()  # a full disk needs the room
        raise CheckpointError(
            f"cannot write {path} ({error.strerror}); what was saved before is whole: mend that and start it again"
        ) from error


def load(path: Path) -> Checkpoint:
    """The checkpoint at `path`, on the CPU. Raises CheckpointError where it is missing, damaged or something else."""
    content = _read(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of this program (format {FORMAT}); give another file")
    expected = content.pop("sha256", "")
    if digest(content) != expected:
        raise CheckpointError(f"{path}: the checksum does not agree, the file is damaged; use another checkpoint")
    experiment = _as_it_was(json.loads(content["experiment"]))
    return Checkpoint(experiment, content["classes"], json.loads(content["about"]), content["weights"])


def _as_it_was(experiment: dict[str, Any]) -> dict[str, Any]:
    """With what was not yet written down: before there was `fit`, now the default, folders of lines were read as they are."""
    args = experiment.get("dataset_args", {})
    return {**experiment, "dataset_args": {"fit": False, **args}} if "upright" in args else experiment


def digest(content: dict[str, Any]) -> str:
    """SHA-256 in hex over the texts and, name by name, the type, shape and bytes of the weights."""
    sha = hashlib.sha256()
    texts = {name: value for name, value in content.items() if name != "weights"}
    sha.update(json.dumps(texts, sort_keys=True).encode())
    for name, tensor in sorted(content["weights"].items()):
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return sha.hexdigest()


def _written(content: dict[str, Any]) -> io.BytesIO:
    """The file in memory. Interrupted in its middle, PyTorch's writer complains of an unfinished file, behind which the
    interrupt is to be found; and it writes once more when it is deleted, which aborts the process if the file is closed."""
    written = io.BytesIO()
    try:
        torch.save(content, written)
    except RuntimeError as error:
        behind = error.__context__
        while behind and not isinstance(behind, KeyboardInterrupt):
            behind = behind.__context__
        if behind:
            raise KeyboardInterrupt from error
        raise
    return written


def _read(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such checkpoint") from error
    except pickle.UnpicklingError as error:  # its words are about PyTorch's versions and a switch that nobody should use
        what = "cannot be read: no checkpoint of this program, or damaged"
        raise CheckpointError(f"{path}: {what}; give best.pt of a training, or what --save kept") from error
    except Exception as error:  # torch.load raises whatever its parsers meet in a damaged file
        raise CheckpointError(f"{path}: cannot be read, the file is damaged ({error!s:.80})") from error


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
