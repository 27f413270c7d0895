"""The language model beside a checkpoint: `best.lm.npz` beside `best.pt`, whole or not at all, with a checksum.

It is read by `numpy.load(path, allow_pickle=False)`:

    about       JSON: format 1; alphabet; weights (SHA-256 of the checkpoint's weights, by which it was chosen); fusion (weight,
                bonus, beams); trust, with the model and without; made, which is told to people
    keys_N      the n-grams of N characters, and
    counts_N    how often each was seen (see `models.ngrams.Level`)
    sha256      of all of that
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from text_recognizer.errors import CheckpointError
from text_recognizer.models.fusion import Fusion, Weights
from text_recognizer.models.ngrams import Level, Ngrams
from text_recognizer.models.trust import Scale, Trust
from text_recognizer.training.checkpoints import digest, put

FORMAT = 1
ENDING = ".lm.npz"
COMMAND = "python -m text_recognizer.language"


@dataclass(frozen=True)
class Language:
    """All that reading needs beside the weights: the n-grams, how they are weighed (nothing where they did not help), and what
    is made of probabilities with them and without. `made` says how it all was chosen."""

    alphabet: str
    levels: tuple[Level, ...]
    fusion: Weights | None
    trust_with: Trust
    trust_without: Trust
    made: dict[str, Any]

    def fused(self) -> Fusion | None:
        """The model ready for a search."""
        return Fusion(Ngrams(self.levels, self.alphabet), self.fusion) if self.fusion else None


def beside(checkpoint: Path) -> Path:
    """Where the language model of a checkpoint is kept."""
    return checkpoint.with_suffix(ENDING)


def weights_digest(weights: dict[str, Any]) -> str:
    """SHA-256 in hex of the weights of a network."""
    return digest({"weights": weights})


def save(checkpoint: Path, weights: dict[str, Any], language: Language) -> Path:
    """Puts it beside its checkpoint, whose weights these are, in one step; where that is. Raises CheckpointError where the disk
    refuses it."""
    about = {
        "format": FORMAT,
        "alphabet": language.alphabet,
        "weights": weights_digest(weights),
        "fusion": language.fusion and dataclasses.asdict(language.fusion),
        "trust": [dataclasses.asdict(trust) for trust in (language.trust_with, language.trust_without)],
        "made": language.made,
    }
    arrays = {"about": np.array(json.dumps(about))}
    for n, level in enumerate(language.levels, start=1):
        arrays |= {f"keys_{n}": level.keys, f"counts_{n}": level.counts.astype(np.int32)}
    written = io.BytesIO()
    np.savez_compressed(written, allow_pickle=False, **arrays, sha256=np.array(_digest(arrays)))
    put(beside(checkpoint), written.getbuffer())
    return beside(checkpoint)


def load(checkpoint: Path, weights: str, alphabet: str) -> Language | None:
    """The language model beside a checkpoint whose weights have this digest, and with this alphabet; nothing where there is none.

    Raises CheckpointError where it is damaged, or was made for another alphabet or for other weights.
    """
    path = beside(checkpoint)
    if not path.exists():
        return None
    arrays = _read(path)
    if _digest(arrays) != str(arrays.pop("sha256")) or (about := json.loads(str(arrays["about"])))["format"] != FORMAT:
        raise CheckpointError(f"{path}: the language model is damaged, or of another version; {_advice(checkpoint)}")
    if about["alphabet"] != alphabet:
        raise CheckpointError(f"{path}: the language model is for another alphabet than {checkpoint}; {_advice(checkpoint)}")
    if about["weights"] != weights:
        raise CheckpointError(f"{path}: the language model was made for other weights than {checkpoint}'s; {_advice(checkpoint)}")
    numbers = range(1, 1 + sum(name.startswith("keys_") for name in arrays))
    levels = tuple(Level(arrays[f"keys_{n}"], arrays[f"counts_{n}"].astype(np.int64)) for n in numbers)
    fusion = Weights(**about["fusion"]) if about["fusion"] else None
    with_model, without = map(_trust, about["trust"])
    return Language(alphabet, levels, fusion, with_model, without, about["made"])


def _advice(checkpoint: Path) -> str:
    return f"make it anew with `{COMMAND} {checkpoint}`, or read without it (--no-lm)"


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {"about": arrays["about"], "sha256": arrays["sha256"], **arrays}
    except Exception as error:  # zipfile, zlib and numpy raise whatever they meet in a damaged file
        advice = _advice(path.with_name(path.name.removesuffix(ENDING) + ".pt"))
        raise CheckpointError(f"{path}: the language model cannot be read, it is damaged ({error!s:.80}); {advice}") from error


def _digest(arrays: dict[str, np.ndarray]) -> str:
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        if name != "sha256":
            sha.update(f"{name} {array.dtype} {array.shape}\n".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _trust(given: dict[str, dict[str, float]]) -> Trust:
    return Trust(Scale(**given["characters"]), Scale(**given["words"]))
