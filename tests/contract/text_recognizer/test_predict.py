"""Reading pictures with a trained network, as a Python call and as a command."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from tests.conftest import user_environment  # noqa: E402
from text_recognizer.building import model_of  # noqa: E402
from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.data.page_xml import read_page  # noqa: E402
from text_recognizer.data.turns import in_picture, turned  # noqa: E402
from text_recognizer.errors import CheckpointError, ExperimentError  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.metrics import edit_distance  # noqa: E402
from text_recognizer.predict import _with_notice, main  # noqa: E402
from text_recognizer.recognizer import Reading, Recognizer  # noqa: E402
from text_recognizer.sources import Found, Sheet  # noqa: E402
from text_recognizer.training.checkpoints import Checkpoint, load, save  # noqa: E402
from text_recognizer.training.loop import Listeners, Training  # noqa: E402

CPU = torch.device("cpu")
KEYS = {"source", "text", "confidence", "error", "calibrated", "characters", "words"}
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
    outcome = Training(experiment, model_of(experiment, data, CPU), data, CPU, Listeners(Silence(), folder, lambda _: None)).run()
    return outcome.weights, getattr(data.val, "images", ())


LINES = {"dataset_args": {"train_size": 96, "val_size": 12, "test_size": 4, "max_length": 12}}
CTC = {**LINES, "network": "line_lstm_ctc", "train_args": {"epochs": 8, "batch_size": 8, "patience": 0, "lr": 0.01}}
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
    assert len({r.text for r in together}) > 1  # it has learned little: on another processor of little more than one letter
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


@pytest.mark.parametrize("device", ["gpu0", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_named(ctc, device: str) -> None:
    """Sixty lines of PyTorch's do not say that `--device=cpu` would do."""
    with pytest.raises(ExperimentError, match=device):
        Recognizer(ctc[0], device)


def test_a_training_in_its_middle_is_no_checkpoint_to_read_with(ctc) -> None:
    """It lies beside best.pt, and was answered with a list of all tensors of the network."""
    experiment = load(ctc[0])
    half = Checkpoint(experiment.experiment, experiment.classes, {}, {f"network/{n}": w for n, w in experiment.weights.items()})
    save(ctc[0].with_name("training.pt"), half)
    with pytest.raises(CheckpointError, match=r"give best\.pt"):
        Recognizer(ctc[0].with_name("training.pt"))


def test_a_folder_without_pictures_is_an_error(tmp_path: Path, ctc) -> None:
    """The wrong folder would look like a page without a word."""
    (tmp_path / "folder" / "notes.png").mkdir(parents=True)
    (reading,) = Recognizer(ctc[0]).read([tmp_path / "folder"])
    assert "no picture in this folder" in reading.error


def test_a_folder_of_pages_is_read_by_their_lines(tmp_path: Path, ctc) -> None:
    """A page was read as one line, of no text, with a confidence of 0.97."""
    folder = tmp_path / "scans"
    (line,) = files_of(ctc[1][:1], folder)
    Image.fromarray(np.full((120, 200), 220, np.uint8)).save(folder / "page.png")
    (folder / "export.xml").write_text(ALTO)
    (folder / "other.xml").write_text("<mets/>")
    readings = Recognizer(ctc[0]).read([folder])
    assert [reading.source for reading in readings] == [str(line), f"{folder / 'export.xml'}#l1"]
    assert not any(reading.error for reading in readings)


def test_a_page_whose_picture_is_gone_is_named_in_its_folder(tmp_path: Path, ctc) -> None:
    """Where pages were moved, nothing must look as if it were read."""
    (tmp_path / "page.xml").write_text(ALTO)
    (reading,) = Recognizer(ctc[0]).read([tmp_path])
    assert "is not beside it" in reading.error


@pytest.mark.parametrize(
    ("lines", "source", "error"),
    [
        ("", "page.xml", "no line is marked in it"),
        ('<TextLine ID="t7"/>', "page.xml#t7", "line 't7' cannot be read: it has neither"),
    ],
)
def test_a_page_is_never_empty_in_silence(tmp_path: Path, ctc, lines: str, source: str, error: str) -> None:
    """Exit status 0 and no line looked like a blank page."""
    Image.fromarray(np.full((120, 200), 220, np.uint8)).save(tmp_path / "page.png")
    (tmp_path / "page.xml").write_text(f"<alto><Layout><Page><PrintSpace>{lines}</PrintSpace></Page></Layout></alto>")
    (reading,) = Recognizer(ctc[0]).read([tmp_path / "page.xml"])
    assert reading.source == str(tmp_path / source)
    assert error in reading.error


def typed(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "text_recognizer.predict", *map(str, arguments)]
    return subprocess.run(
        command, env=user_environment(OMP_NUM_THREADS="1", **environment), capture_output=True, text=True, timeout=100
    )


def test_the_command_prints_a_row_per_line_and_says_what_failed(tmp_path: Path, ctc) -> None:
    """Scripts cut it at the tabs; the exit status tells them that something is missing."""
    checkpoint, images = ctc
    files_of(images[:3], tmp_path / "lines")
    result = typed(tmp_path / "lines", tmp_path / "none.png", "--checkpoint", checkpoint)
    assert result.returncode == 1
    assert [row.count("\t") for row in result.stdout.splitlines()] == [2, 2, 2]
    assert "none.png: no such image" in result.stderr


def test_a_program_gets_an_object_per_line(tmp_path: Path, ctc, capsys) -> None:
    """It reads the keys, and all of them in every row."""
    files_of(ctc[1][:3], tmp_path / "lines")
    assert main([str(tmp_path / "lines"), "--checkpoint", str(ctc[0]), "--json"]) == 0
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [set(row) for row in rows] == [KEYS | {"baseline", "outline"}] * 3
    assert rows[0]["outline"][0] == [0.0, 0.0]


@pytest.mark.parametrize(("form", "kind"), [("alto", "alto"), ("page", "PcGts")])
def test_pages_become_files_that_are_read_again(tmp_path: Path, ctc, capsys, form: str, kind: str) -> None:
    """People correct them; and what somebody has corrected must not be written over."""
    Image.fromarray(np.full((120, 200), 220, np.uint8)).save(tmp_path / "page.png")
    (tmp_path / "page.xml").write_text(ALTO)
    files_of(ctc[1][:1], tmp_path / "lines")
    asked = [str(tmp_path / "page.xml"), str(tmp_path / "lines"), "--checkpoint", str(ctc[0]), "--format", form]
    assert main([*asked, "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "out" / name) for name in ("page.xml", "00.xml")]
    assert f"<{kind}" in (tmp_path / "out" / "00.xml").read_text()
    (tmp_path / "page.png").rename(tmp_path / "out" / "page.png")
    assert [line.id for line in read_page(tmp_path / "out" / "page.xml").lines] == ["l1"]
    (tmp_path / "out" / "page.png").rename(tmp_path / "page.png")
    before = (tmp_path / "out" / "page.xml").read_text()
    assert main([*asked, "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{tmp_path / 'out' / 'page.xml'} and 1 more: there already" in said.err
    assert (tmp_path / "out" / "page.xml").read_text() == before
    assert main(asked) == 2


def test_a_command_that_was_interrupted_does_what_is_left_when_it_is_given_again(tmp_path: Path, ctc, capsys) -> None:
    """Each page was read once more before it was said that its file is there, and the exit status was 1. What a kill leaves
    of a file beside it is no file."""
    first, *_ = files_of(ctc[1][:3], tmp_path / "lines")
    out = tmp_path / "out"
    asked = [str(tmp_path / "lines"), "--checkpoint", str(ctc[0]), "--format", "page", "--output", str(out)]
    assert main(asked) == 0
    first.write_bytes(first.read_bytes()[:60])  # whoever reads it says so
    (out / "01.xml").rename(out / "01.xml.7.part")
    capsys.readouterr()
    assert main(asked) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(out / "01.xml")]
    assert f"{out / '00.xml'} and 1 more: there already, and not read again; --replace" in said.err


def test_the_files_that_were_written_are_no_pages_to_be_read(tmp_path: Path, ctc, capsys) -> None:
    """Written into a folder of the pictures' own, they would name pictures that are not beside them the next time."""
    files_of(ctc[1][:2], tmp_path / "lines")
    out = tmp_path / "lines" / "read"
    asked = [str(tmp_path / "lines"), "--recursive", "--checkpoint", str(ctc[0]), "--format", "page", "--output", str(out)]
    assert [main(asked), main(asked)] == [0, 0]
    assert capsys.readouterr().out.splitlines() == [str(out / "00.xml"), str(out / "01.xml")]


def test_files_are_written_anew_when_that_is_asked_for(tmp_path: Path, ctc, capsys) -> None:
    """With another network, say; and no sooner than the page has been read."""
    good, other = files_of(ctc[1][:2], tmp_path / "lines")
    out = tmp_path / "out"
    asked = [str(good), str(other), "--checkpoint", str(ctc[0]), "--format", "alto", "--output", str(out)]
    assert main(asked) == 0
    for name in ("00.xml", "01.xml"):
        (out / name).write_text("corrected")
    other.write_bytes(other.read_bytes()[:60])
    capsys.readouterr()
    assert main([*asked, "--replace"]) == 1
    assert capsys.readouterr().out.splitlines() == [str(out / "00.xml")]
    assert ["corrected" in (out / name).read_text() for name in ("00.xml", "01.xml")] == [False, True]


@pytest.mark.parametrize("again", [False, True])
def test_pages_of_one_name_do_not_share_a_file(tmp_path: Path, ctc, capsys, again: bool) -> None:
    """Every box of an archive has its page 1: the second would be taken for done, and nobody would miss it."""
    (one,), (other,) = (files_of(ctc[1][:1], tmp_path / box) for box in ("a", "b"))
    out = tmp_path / "out"
    asked = [str(one), str(other), str(one), "--checkpoint", str(ctc[0]), "--format", "page", "--output", str(out)]
    if again:
        assert main(asked) == 1
        capsys.readouterr()
    assert main(asked) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == ([] if again else [str(out / "00.xml")])
    assert f"{other}: its file would be {out / '00.xml'}, as that of {one}" in said.err


def test_a_text_is_lines_and_nothing_else(tmp_path: Path, ctc, capsys) -> None:
    """For a pipe into a search, or a file to read."""
    files_of(ctc[1][:2], tmp_path / "lines")
    assert main([str(tmp_path / "lines"), "--checkpoint", str(ctc[0]), "--format", "text"]) == 0
    expected = [reading.text for reading in Recognizer(ctc[0]).read([tmp_path / "lines"])]
    assert capsys.readouterr().out.splitlines() == expected


def test_lines_come_as_they_are_read_and_no_source_is_looked_at_too_early(ctc) -> None:
    """A thousand pages are not kept in memory, and what was read is there when the last one fails."""
    checkpoint, images = ctc
    seen = 0

    def sources() -> Iterator[np.ndarray]:
        for number in range(1000):
            assert number < seen + 80, "consumed ahead"
            yield images[number % 3]

    for reading in Recognizer(checkpoint).stream(sources()):
        assert reading.source == f"sources[{seen}]"
        seen += 1
        if seen == 200:
            break
    assert seen == 200


def test_a_page_by_its_shape_is_said_once(tmp_path: Path, ctc, capsys) -> None:
    """Whoever did not mean it knows the option; a hundred pages need not say it a hundred times."""
    page = np.full((400, 300), 230, np.uint8)
    page[60:300:60, 40:240:3] = page[66:300:60, 40:240:3] = 20
    page[np.add.outer(np.arange(60, 300, 60), np.arange(7)).ravel(), 40:240:10] = 20
    for name in ("a.png", "b.png"):
        Image.fromarray(page).save(tmp_path / name)
    assert main([str(tmp_path), "--checkpoint", str(ctc[0])]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 8
    assert said.err.count("--lines") == 1


def small_page() -> np.ndarray:
    """Four lines of letters with feet, on a page by its shape."""
    page = np.full((400, 300), 230, np.uint8)
    for number, top in enumerate(range(60, 300, 60)):
        for x in range(40, 240 - 20 * number, 10):
            page[top : top + 14, x : x + 2] = page[top + 11 : top + 14, x : x + 6] = 20
    return page


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_places_are_those_of_the_picture_as_it_lies(tmp_path: Path, ctc, capsys, turn: int) -> None:
    """A program that draws them upon the file would mark other words."""
    Image.fromarray(small_page()).save(tmp_path / "upright.png")
    Image.fromarray(turned(small_page(), 360 - turn)).save(tmp_path / "lying.png")
    rows = {}
    for name, given in (("upright", 0), ("lying", turn)):
        assert main([str(tmp_path / f"{name}.png"), "--checkpoint", str(ctc[0]), "--turn", str(given), "--json"]) == 0
        rows[name] = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    axis, there = int(turn != 180), (400, 300) if turn % 180 else (300, 400)
    for lying, upright in zip(rows["lying"], rows["upright"], strict=True):
        assert lying["text"] == upright["text"]
        for key in ("baseline", "outline"):
            assert np.allclose(lying[key], in_picture(np.array(upright[key]), turn, there), atol=0.11)
        middle = float(np.mean(upright["baseline"], axis=0)[1])
        for one, other in zip(lying["words"], upright["words"], strict=True):
            expected = in_picture(np.array([[other["start"], middle]]), turn, there)[0][axis]
            assert one["start"] == pytest.approx(expected, abs=2)


def test_places_in_a_picture_of_one_line_are_those_of_the_picture_as_it_lies(tmp_path: Path, ctc, capsys) -> None:
    """The first word of a line upside down ends it on the right."""
    line = np.asarray(Image.fromarray(255 - ctc[1][0]))
    starts = []
    for given, picture in ((0, line), (180, turned(line, 180))):
        Image.fromarray(picture).save(tmp_path / "x.png")
        assert main([str(tmp_path / "x.png"), "--checkpoint", str(ctc[0]), "--turn", str(given), "--json"]) == 0
        starts.append([each["start"] for each in json.loads(capsys.readouterr().out)["characters"]])
    upright, lying = starts
    assert upright
    assert lying == pytest.approx([line.shape[1] - 1 - start for start in upright], abs=2)


def test_whoever_tells_which_way_up_a_page_is_reads_on_as_before(ctc) -> None:
    """It is asked without beams, looks and language model, which those who read want."""
    recognizer = Recognizer(ctc[0], beams=4, looks=3)
    readings = recognizer.read(small_page())
    assert (len(readings), recognizer.model.beams, recognizer.model.looks) == (4, 4, 3)
    assert [r.confidence for r in readings] == [r.confidence for r in recognizer.read(small_page(), turn=0)]


def test_every_page_that_is_read_turned_is_said_once(capsys) -> None:
    """A page may be taken for one upside down; whoever reads the words finds the option."""
    sheets = [Sheet("upright.png"), Sheet("down.png", turn=180), Sheet("side.png", turn=90)]
    pairs = [(Found(f"{sheet.source}#{n}", sheet), Reading(f"{sheet.source}#{n}", "x")) for sheet in sheets for n in (1, 2)]
    assert list(_with_notice(iter(pairs))) == pairs
    assert [line.partition(": ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "down.png lies upside down, and is read turned by 180 degrees; --turn 0: no page is turned",
        "side.png lies on its side, and is read turned by 90 degrees; --turn 0: no page is turned",
    ]


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path, capsys) -> None:
    """The path was mistyped, as a rule."""
    assert main(["x.png", "--checkpoint", str(tmp_path / "none.pt")]) == 1
    assert "no such checkpoint" in capsys.readouterr().err


def test_what_could_not_be_read_is_named_on_standard_error_beside_json_too(tmp_path: Path, ctc, capsys) -> None:
    """The guide says so, and whoever cuts the JSON with a program sees nothing else."""
    assert main([str(tmp_path / "none.png"), "--checkpoint", str(ctc[0]), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["text"] == ""
    assert "none.png: no such image" in said.err


def printed_in(encoding: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, list[str]]:
    """The exit status of the command, and the lines on a standard output that takes what is in this encoding and no more."""
    with monkeypatch.context() as during:
        during.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding, "strict"))
        return main(list(arguments)), sys.stdout.buffer.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_odd_names_of_files_cost_neither_rows_nor_readings(tmp_path: Path, ctc, encoding: str, monkeypatch) -> None:
    """A name may hold a tab, a newline, or bytes of another encoding: the table kept no shape, or ended at that file."""
    paths = files_of(ctc[1][:4], tmp_path / "lines")
    for path, name in zip(paths, ("a\tb", "c\nd", os.fsdecode(b"e\xe9"), "\u00e9"), strict=True):
        path.rename(path.with_name(name + path.suffix))
    asked = [str(tmp_path / "lines"), "--checkpoint", str(ctc[0])]
    status, rows = printed_in(encoding, monkeypatch, *asked)
    assert (status, [row.count("\t") for row in rows]) == (0, [2, 2, 2, 2])
    _, rows = printed_in(encoding, monkeypatch, *asked, "--json")
    assert sorted(json.loads(row)["source"] for row in rows) == sorted(map(str, (tmp_path / "lines").iterdir()))


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path, ctc) -> None:
    """`| head -1` is the first thing that anyone types."""
    command = [sys.executable, "-m", "text_recognizer.predict", "--checkpoint", ctc[0], *files_of(ctc[1], tmp_path / "lines")]
    ours, theirs = os.pipe()
    os.close(ours)
    result = subprocess.run(
        command, env=user_environment(OMP_NUM_THREADS="1"), stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=100
    )
    os.close(theirs)
    assert (result.returncode, result.stderr) == (0, "")


def test_an_interrupt_is_one_line(tmp_path: Path, ctc) -> None:
    """Ctrl-C gave a traceback; the exit status is that of all commands here."""
    os.mkfifo(tmp_path / "line.png")
    command = [sys.executable, "-m", "text_recognizer.predict", "--checkpoint", str(ctc[0]), str(tmp_path / "line.png")]
    process = subprocess.Popen(command, env=user_environment(OMP_NUM_THREADS="1"), stderr=subprocess.PIPE, text=True)
    with (tmp_path / "line.png").open("wb"):  # comes back when the program has begun to read
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=100)
    assert (process.returncode, said.splitlines()) == (130, ["python -m text_recognizer.predict: interrupted"])
