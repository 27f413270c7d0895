"""Draws the pictures of the guide: `python docs/guide/pictures/draw.py`, with the recogniser installed.

Everything in them is drawn by this program. Where a data set cannot be shown, for it is not ours to show, its place is taken
by drawn writing in the same layout on disk, read by the same code.
"""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from text_recognizer.data.__main__ import main as show
from text_recognizer.data.characters import write as write_character
from text_recognizer.data.emnist import CLASSES
from text_recognizer.data.line_pages import line_images
from text_recognizer.data.lines import generated_lines
from text_recognizer.data.options import LineOptions
from text_recognizer.data.page_xml import read_page

HERE = Path(__file__).resolve().parent
SMALL = ("--train_size=120", "--val_size=4", "--test_size=4")
GREYS = 16

NETWORKS = {
    "character_models": [
        ("mlp", ["image 28 x 28", "784 numbers", "2 hidden layers\nof 512", "45 classes"]),
        ("lenet", ["image 28 x 28", "16 channels\n14 x 14", "32 channels\n5 x 5", "hidden layer\nof 128", "45 classes"]),
    ],
    "line_lstm_ctc": [
        (
            "line_lstm_ctc",
            [
                "line 32 x W",
                "stem\nH/2, W/2",
                "3 residual blocks\nH/16, W/4",
                "maximum of\neach column",
                "LSTM\nboth ways",
                "CTC",
            ],
        ),
        ("while training also", ["", "", "", "columns", "convolution", "CTC x 0.1"]),
    ],
    "line_columns": [
        (
            "line_columns",
            [
                "line 64 x W",
                "stem 7 x 7\nH/2, W/2",
                "7 residual blocks\nH/16, W/4",
                "maximum of\neach column",
                "3 LSTMs or\n4 of attention",
                "CTC",
            ],
        ),
        ("while training also", ["", "", "", "columns", "convolution", "CTC x 0.1"]),
    ],
    "line_cnn": [
        ("LineCNN", ["line H x W", "8 convolutions\nH/8, W/8", "windows of\n2 columns", "512 features\na window", "", "CTC"]),
        (
            "LineCNNLSTM",
            [
                "line H x W",
                "8 convolutions\nH/8, W/8",
                "windows of\n2 columns",
                "96 features\na window",
                "LSTM\nboth ways",
                "CTC",
            ],
        ),
    ],
    "transformers": [
        (
            "LineCNNTransformer",
            ["line H x W", "8 convolutions\nH/8, W/8", "windows and\ntheir places", "4 layers of\na decoder", "next token"],
        ),
        (
            "ResnetTransformer",
            ["line or\nparagraph", "ResNet-18\nH/32, W/32", "cells and\ntheir places", "4 layers of\na decoder", "next token"],
        ),
    ],
}


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["TEXT_RECOGNIZER_CACHE"] = f"{place}/cache"
        preview("generated_characters", "GeneratedCharacters", "--train_size=1200", *SMALL[1:])
        preview("generated_lines", "GeneratedLines", *SMALL)
        emnist = stand_in_for_emnist(Path(place, "emnist"))
        preview("emnist", "EMNIST", f"--folder={emnist}")
        for name in ("EMNISTLines", "EMNISTLines2"):
            preview(name.lower(), name, f"--folder={emnist}", *SMALL)
        preview("line_folder", "LineFolder", f"--folder={scans(Path(place, 'scans'))}")
        preview("iam_lines", "IAMLines", f"--folder={stand_in_for_iam(Path(place, 'iam'))}")
        keep(page_and_its_lines(Path(place, "page")), "line_pages")
    for name, rows in NETWORKS.items():
        keep(diagram(rows), name)


def preview(picture: str, *arguments: str) -> None:
    """The preview of a data set, as `python -m text_recognizer.data ... --preview` makes it."""
    path = HERE / f"{picture}.png"
    if show([*arguments, "--preview", str(path)]):
        raise SystemExit(1)
    keep(Image.open(path), picture)


def keep(picture: Image.Image, name: str) -> None:
    picture.convert("L").quantize(GREYS).save(HERE / f"{name}.png", optimize=True)


def writing(number: int, seed: int = 0) -> list[tuple[np.ndarray, str]]:
    """Lines of writing, ink bright on 0, with their texts."""
    split = generated_lines(LineOptions(train_size=number, val_size=1, test_size=1, seed=seed)).train
    return list(zip(split.images, split.texts, strict=True))


def stand_in_for_emnist(folder: Path, each: int = 12) -> Path:
    rng = np.random.default_rng(0)
    folder.mkdir()
    labels = np.repeat(np.arange(len(CLASSES), dtype=np.uint8), each)
    for split in ("train", "test"):
        images = np.stack([write_character(CLASSES[k], split, rng).T for k in labels])
        for what, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"emnist-byclass-{split}-{what}-ubyte").write_bytes(head + array.tobytes())
    return folder


def scans(folder: Path) -> Path:
    """Lines as a scanner gives them: dark on uneven paper, of several sizes."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    rows = ["image\ttranscript\tsplit"]
    for number, (ink, text) in enumerate(writing(24, seed=3)):
        large = Image.fromarray(ink).resize((ink.shape[1] * 2, ink.shape[0] * 2), Image.Resampling.BICUBIC)
        paper = 205 + 25 * np.sin(np.linspace(0, 3, large.width)) + rng.normal(0, 6, (large.height, large.width))
        scan = np.clip(paper - 0.6 * np.asarray(large), 0, 255).astype(np.uint8)
        Image.fromarray(scan).save(folder / f"{number:02}.png")
        rows.append(f"{number:02}.png\t{text}\t{'val' if number % 8 == 7 else 'train'}")
    (folder / "lines.tsv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def stand_in_for_iam(folder: Path) -> Path:
    """Forms with four lines each."""
    for name in ("xml", "forms"):
        (folder / name).mkdir(parents=True)
    lists: dict[str, list[str]] = {"trainset": [], "validationset1": [], "validationset2": [], "testset": []}
    lines = writing(24, seed=5)
    for number in range(6):
        form, chosen = f"a01-{number:03}", lines[4 * number : 4 * number + 4]
        page, entries = np.full((360, 640), 235, np.uint8), []
        for i, (ink, text) in enumerate(chosen):
            top, (height, width) = 40 + 80 * i, ink.shape
            page[top : top + height, 30 : 30 + width] -= (ink // 255 * 180 + ink % 255 // 2).astype(np.uint8)[:, : 640 - 30]
            box = f'<cmp x="30" y="{top}" width="{width}" height="{height}"/>'
            entries.append(f'<line id="{form}-{i:02}" text="{escape(text, {chr(34): "&quot;"})}"><word>{box}</word></line>')
        Image.fromarray(page).save(folder / "forms" / f"{form}.png")
        xml = f'<form id="{form}" width="640" height="360"><handwritten-part>{"".join(entries)}</handwritten-part></form>'
        (folder / "xml" / f"{form}.xml").write_text(xml, encoding="latin-1")
        where = ["trainset", "trainset", "trainset", "validationset1", "validationset2", "testset"][number]
        lists[where] += [f"{form}-{i:02}" for i in range(4)]
    for name, ids in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(ids))
    return folder


def page_and_its_lines(folder: Path) -> Image.Image:
    """A page with sloping lines, their baselines and outlines, and beside it the lines as they are cut out."""
    folder.mkdir()
    page, entries, marks = Image.new("L", (520, 330), 225), [], []
    for i, (ink, text) in enumerate(writing(5, seed=8)):
        slope = -0.06 + 0.03 * i
        ink = ink[:, :400]
        turned = Image.fromarray(ink).rotate(-np.degrees(np.arctan(slope)), expand=True, resample=Image.Resampling.BILINEAR)
        left, top = 40, 25 + 58 * i
        page.paste(30, (left, top), turned)
        middle = top + turned.height / 2
        ends = [(x, middle + 8 + slope * (x - left - turned.width / 2)) for x in (left, left + turned.width)]
        outline = [(x, y - 24) for x, y in ends] + [(x, y + 12) for x, y in reversed(ends)]
        marks.append((ends, outline))
        points = [" ".join(f"{x:.0f},{y:.0f}" for x, y in part) for part in (ends, outline)]
        entries.append(
            f'<TextLine id="l{i}"><Coords points="{points[1]}"/><Baseline points="{points[0]}"/>'
            f"<TextEquiv><Unicode>{escape(text)}</Unicode></TextEquiv></TextLine>"
        )
    page.save(folder / "page.png")
    xml = f'<PcGts><Page imageFilename="page.png"><TextRegion>{"".join(entries)}</TextRegion></Page></PcGts>'
    (folder / "page.xml").write_text(xml, encoding="utf-8")
    cut = [Image.fromarray(line) for line in line_images(read_page(folder / "page.xml"))]
    pen = ImageDraw.Draw(page)
    for ends, outline in marks:
        pen.polygon(outline, outline=150)
        pen.line(ends, fill=90, width=2)
    sheet = Image.new("L", (1000, 340), 255)
    sheet.paste(page, (0, 5))
    for i, line in enumerate(cut):
        sheet.paste(line, (550, 20 + 62 * i))
    return sheet


def diagram(rows: list[tuple[str, list[str]]]) -> Image.Image:
    """Rows of boxes, read from left to right; an empty text is no box."""
    width, height, gap, top = 140, 46, 24, 22
    columns = max(len(boxes) for _, boxes in rows)
    sheet = Image.new("L", (columns * (width + gap) - gap + 2, len(rows) * (height + top + 14)), 255)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for r, (name, boxes) in enumerate(rows):
        y = r * (height + top + 14) + top
        first = next(i for i, text in enumerate(boxes) if text)
        pen.text((first * (width + gap), y - top + 2), name, fill=60, font=font)
        drawn = [i for i, text in enumerate(boxes) if text]
        for i, before in zip(drawn, [None, *drawn], strict=False):
            x = i * (width + gap)
            pen.rectangle((x, y, x + width, y + height), outline=60, fill=240)
            pen.multiline_text((x + width / 2, y + height / 2), boxes[i], fill=0, font=font, anchor="mm", align="center")
            if before is not None:
                arrow(pen, before * (width + gap) + width, x, y + height // 2)
    return sheet


def arrow(pen: ImageDraw.ImageDraw, start: int, end: int, y: int) -> None:
    pen.line((start, y, end - 2, y), fill=60, width=2)
    pen.polygon([(end - 8, y - 5), (end - 1, y), (end - 8, y + 5)], fill=60)


if __name__ == "__main__":
    main()
