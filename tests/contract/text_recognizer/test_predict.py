"""Reading pictures with a trained network, as a Python call and as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from tests.conftest import user_environment  # noqa: E402
from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.errors import CheckpointError  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.metrics import edit_distance  # noqa: E402
from text_recognizer.recognizer import Recognizer  # noqa: E402
from text_recognizer.run_experiment import build  # noqa: E402
from text_recognizer.training.loop import Listeners, Training  # noqa: E402

CPU = torch.device("cpu")
ALTO = """<alto><Description><fileName>page.png</fileName></Description><Layout><TextLine ID="l1" BASELINE="20 60 180 60">
<Shape><Polygon POINTS="20 40 180 40 180 70 20 70"/></Shape></TextLine></Layout></alto>"""


class Silence:
    """A tracker that keeps nothing."""

    def log(self, *_args, **_kwargs) -> None: ...

    def predictions(self, *_args, **_kwargs) -> None: ...


def trained(folder: Path, given: dict) -> tuple[Path, tuple[np.ndarray, ...]]:
    """A checkpoint, and the images that its training validated on."""
    experiment = read(given)
    torch.manual_seed(0)
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    outcome = Training(experiment, build(experiment, data, CPU), data, CPU, Listeners(Silence(), folder, lambda _: None)).run()
    return outcome.weights, getattr(data.val, "images", ())


LINES = {"dataset_args": {"train_size": 240, "val_size": 12, "test_size": 4, "max_length": 12}}
CTC = {**LINES, "network": "line_lstm_ctc", "train_args": {"epochs": 8, "batch_size": 8, "patience": 0}}
WRITER = {"conv_dim": 4, "fc_dim": 16, "tf_dim": 16, "tf_fc_dim": 16, "tf_layers": 1}
TOKENS = {**LINES, "network": "LineCNNTransformer", "network_args": WRITER, "train_args": {"epochs": 1}}


@pytest.fixture(scope="module")
def ctc(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[np.ndarray, ...]]:
    return trained(tmp_path_factory.mktemp("ctc"), CTC)


def files_of(images: tuple[np.ndarray, ...], folder: Path) -> list[Path]:
    """Each image as a file of another kind and size, dark on light as scanners give them."""
    folder.mkdir()
    paths = []
    for i, image in enumerate(images):
        path = folder / f"{i:02}{('.png', '.jpg', '.tif', '.webp')[i % 4]}"
        Image.fromarray(255 - image).resize((image.shape[1] * 2, 64)).save(path)
        paths.append(path)
    return paths


@pytest.mark.parametrize("given", [CTC, TOKENS], ids=["ctc", "tokens"])
def test_beams_reach_the_network(tmp_path: Path, given: dict) -> None:
    """Both ways of reading must answer with beams, with a confidence, for lines of all widths at once."""
    checkpoint, images = trained(tmp_path / "run", {**given, "train_args": {"epochs": 1}})
    one, many = (Recognizer(checkpoint, beams=beams).read(images) for beams in (1, 4))
    assert len(one) == len(many) == len(images)
    assert all(0 < reading.confidence <= 1 for reading in many)
    assert [r.confidence for r in one] != [r.confidence for r in many]


def test_lines_of_any_format_come_back_in_order(tmp_path: Path, ctc) -> None:
    """They are read in batches by width; a text beside the wrong picture would be worse than none."""
    checkpoint, images = ctc
    recognizer = Recognizer(checkpoint)
    paths = files_of(images, tmp_path / "lines")
    together = recognizer.read(paths)
    assert [r.source for r in together] == [str(p) for p in paths]
    # Alone a line has another padding, and the last bits differ: a letter that is about as likely as none may turn.
    alone = [recognizer.read([p])[0] for p in paths]
    assert all(edit_distance(a.text, b.text) <= 1 for a, b in zip(together, alone, strict=True))
    assert [r.confidence for r in together] == pytest.approx([r.confidence for r in alone], rel=1e-3)
    assert len({f"{r.confidence:.3f}" for r in together}) > 6
    assert len({r.text for r in together}) > 3
    assert all(0 < r.confidence <= 1 for r in together)
    assert [r.text for r in recognizer.read([tmp_path / "lines"])] == [r.text for r in together]


def test_a_broken_picture_is_named_and_the_rest_goes_on(tmp_path: Path, ctc) -> None:
    """One bad scan among a thousand must not cost the other readings."""
    checkpoint, images = ctc
    good, other = files_of(images[:2], tmp_path / "lines")
    (tmp_path / "bad.png").write_bytes(good.read_bytes()[:60])
    readings = Recognizer(checkpoint).read([good, tmp_path / "bad.png", tmp_path / "none.png", other])
    assert ["cannot be read" in readings[1].error, "no such image" in readings[2].error] == [True, True]
    assert (readings[0].error, readings[3].error) == ("", "")
    assert readings[0].confidence > 0 < readings[3].confidence


def test_pages_are_read_line_by_line(tmp_path: Path, ctc) -> None:
    """An archive has pages, not lines."""
    Image.fromarray(np.full((120, 200), 220, np.uint8)).save(tmp_path / "page.png")
    (tmp_path / "page.xml").write_text(ALTO)
    (reading,) = Recognizer(ctc[0]).read([tmp_path / "page.xml"])
    assert (reading.source, reading.error) == (f"{tmp_path / 'page.xml'}#l1", "")


def test_a_network_that_writes_tokens_can_be_read_with_too(tmp_path: Path) -> None:
    """It needs to know how long a text may get, from the checkpoint alone."""
    checkpoint, images = trained(tmp_path / "c", TOKENS)
    readings = Recognizer(checkpoint).read(list(images))
    assert len(readings) == 12
    assert all(not r.error and 0 <= r.confidence <= 1 for r in readings)


def test_a_checkpoint_of_characters_is_refused(tmp_path: Path) -> None:
    """Its network would answer something to any line."""
    small = {"network": "mlp", "dataset_args": {"train_size": 45, "val_size": 5, "test_size": 5}, "train_args": {"epochs": 1}}
    with pytest.raises(CheckpointError, match="reads characters, not lines"):
        Recognizer(trained(tmp_path / "c", small)[0])


def typed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "text_recognizer.predict", *map(str, arguments)]
    return subprocess.run(command, env=user_environment(), capture_output=True, text=True, timeout=100)


def test_the_command_prints_a_row_per_line_and_says_what_failed(tmp_path: Path, ctc) -> None:
    """Scripts cut it at the tabs; the exit status tells them that something is missing."""
    checkpoint, images = ctc
    files_of(images[:3], tmp_path / "lines")
    result = typed(tmp_path / "lines", tmp_path / "none.png", "--checkpoint", checkpoint)
    assert result.returncode == 1
    assert [row.count("\t") for row in result.stdout.splitlines()] == [2, 2, 2]
    assert "none.png: no such image" in result.stderr
    rows = [json.loads(row) for row in typed(tmp_path / "lines", "--checkpoint", checkpoint, "--json").stdout.splitlines()]
    assert [set(row) for row in rows] == [{"source", "text", "confidence", "error"}] * 3
    missing = typed("x.png", "--checkpoint", tmp_path / "none.pt")
    assert (missing.returncode, "no such checkpoint" in missing.stderr) == (1, True)
