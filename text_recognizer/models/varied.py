"""Samples as a training would see them once: varied by chance, for people to look at."""

from __future__ import annotations

import numpy as np
import torch

from text_recognizer.data.characters import Characters, CharacterSplit
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.preview import chosen
from text_recognizer.data.transform import Transform
from text_recognizer.models.augmentation import Augmentation
from text_recognizer.models.lab_transform import transformed


def shown(data: Characters | Lines, strength: float) -> list[tuple[str, LineSplit | CharacterSplit]]:
    """What a picture of a data set shows, each with its title: train, the same as a training would see it, val, and test unless
    it is val."""
    train, val, test = (chosen(split) for split in (data.train, data.val, data.test))
    changed = varied(train, data.transform, strength) if isinstance(train, LineSplit) else varied_characters(train, strength)
    parts = [("train", train), (f"train, varied (augment {strength:g})", changed), ("val", val)]
    return parts + ([("test", test)] if data.test is not data.val else [])


def varied(split: LineSplit, transform: Transform | None, strength: float, seed: int = 0) -> LineSplit:
    """The lines by the transform of their data set, if it has one, and by augmentation of this strength."""
    wide = max(image.shape[1] for image in split.images)
    padded = np.zeros((len(split), split.images[0].shape[0], -(-wide // 32) * 32), np.float32)
    for row, image in zip(padded, split.images, strict=True):
        row[:, : image.shape[1]] = image / 255
    images_BHW, widths_B = torch.from_numpy(padded), torch.tensor([image.shape[1] for image in split.images])
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        if transform:
            images_BHW, widths_B = transformed(images_BHW, widths_B, transform)
        images_BHW, widths_B = Augmentation(strength).of(images_BHW, widths_B)
    images = _bytes(images_BHW)
    return LineSplit(tuple(image[:, :w] for image, w in zip(images, widths_B.tolist(), strict=True)), split.texts)


def varied_characters(split: CharacterSplit, strength: float, seed: int = 0) -> CharacterSplit:
    """The same of characters."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        widths_B = torch.full((len(split),), split.images.shape[2])
        images_BHW, _ = Augmentation(strength).of(torch.from_numpy(split.images.astype(np.float32) / 255), widths_B)
    return CharacterSplit(_bytes(images_BHW), split.labels)


def _bytes(images_BHW: torch.Tensor) -> np.ndarray:
    return (images_BHW.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
