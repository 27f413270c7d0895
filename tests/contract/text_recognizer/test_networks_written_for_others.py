"""A trained network for other programs: written only where it answers as PyTorch does."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from tests.conftest import user_environment  # noqa: E402
from text_recognizer.building import model_of  # noqa: E402
from text_recognizer.command import obeyed  # noqa: E402
from text_recognizer.data.line_set import Lines, LineSplit  # noqa: E402
from text_recognizer.errors import CheckpointError  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.export import main  # noqa: E402
from text_recognizer.exporting import Exported, checked, difference, drawn_lines  # noqa: E402
from text_recognizer.recognizer import Recognizer  # noqa: E402
from text_recognizer.training.checkpoints import Checkpoint, save  # noqa: E402

LSTM = {"network": "line_lstm_ctc", "network_args": {"channels": 16, "hidden": 8}}
WINDOWS = {"network": "LineCNN", "network_args": {"conv_dim": 4, "fc_dim": 16}}
WRITER = {"network": "LineCNNTransformer", "network_args": {"conv_dim": 4, "fc_dim": 16, "tf_dim": 16, "tf_fc_dim": 16}}
SIZES = (1, 5)
BEFORE = b"the file of before"
# One export; when it begins to write, four others go on from there as it would, under the same name, and each dies at its moment.
KILLED = """
import json, os, resource, signal, sys
from pathlib import Path
from text_recognizer.export import main

checkpoint, out = map(Path, sys.argv[1:])
die_at, seen = None, []

def goes_on(moment):
    global die_at
    die_at = moment
    if moment == "begin":
        os.kill(os.getpid(), signal.SIGKILL)
    if moment == "middle":  # the kernel kills whoever writes beyond this byte
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

def hook(event, arguments):
    name = str(arguments[0]) if event in ("open", "os.rename") else ""
    if die_at == "rename" and event == "os.rename" or die_at == "renamed" and event == "open" and name == str(out.parent):
        os.kill(os.getpid(), signal.SIGKILL)
    if die_at or seen or not (event == "open" and name.endswith(".part")):
        return
    for moment in ("begin", "middle", "rename", "renamed"):
        if not (pid := os.fork()):
            return goes_on(moment)
        status = os.waitpid(pid, 0)[1]
        parts = [path.stat().st_size for path in out.parent.glob("*.part")]
        seen.append([moment, os.WTERMSIG(status), hash(out.read_bytes()), parts])

sys.addaudithook(hook)
before = hash(out.read_bytes())
status = main([str(checkpoint), "--to", "torch", "--out", str(out)])
after = {before: "old", hash(out.read_bytes()): "new"}
seen = [[moment, by, after.get(found, "neither"), parts] for moment, by, found, parts in seen]
print(json.dumps([status, seen, out.stat().st_size]))
"""
# Nothing but PyTorch: no PYTHONPATH, no folder of the program's, nothing that an editable install adds.
ALONE = """
import importlib.util, sys
sys.path += sys.argv[4:]
import torch
assert not importlib.util.find_spec("text_recognizer") and not importlib.util.find_spec("scheduler")
read = torch.export.load(sys.argv[1]).module()
torch.save([read(images, widths) for images, widths in torch.load(sys.argv[2])], sys.argv[3])
"""


def kept(folder: Path, given: dict[str, Any]) -> Path:
    """A checkpoint of a fresh network that reads three letters."""
    experiment = read({"dataset": "GeneratedLines", **given})
    torch.manual_seed(0)
    split = LineSplit((np.zeros((32, 8), np.uint8),), ("abc",))
    data = Lines(split, split, split, "ab\N{LATIN SMALL LETTER E WITH ACUTE}")
    model = model_of(experiment, data, torch.device("cpu"))
    path = folder / "best.pt"
    save(path, Checkpoint(experiment.as_mapping(), data.classes, model.needed(data), model.network.state_dict()))
    return path


def batch(lines: int) -> tuple[torch.Tensor, torch.Tensor]:
    """So many lines of noise, of other sizes than those with which it was traced and checked."""
    widths = torch.tensor([411 - 60 * i for i in range(lines)])
    images = torch.rand(lines, 32, int(widths.max()), generator=torch.Generator().manual_seed(lines))
    for image, width in zip(images, widths.tolist(), strict=True):
        image[:, width:] = 0
    return images, widths


def agrees(checkpoint: Path, answer) -> None:
    network = Recognizer(checkpoint).model.network
    for lines in SIZES:
        images, widths = batch(lines)
        with torch.no_grad():
            wanted, _, frames = network(images, widths)
            logits, found = answer(images, widths)
        assert found.tolist() == frames.tolist()
        for i, n in enumerate(frames.tolist()):
            assert torch.allclose(logits[i, :n], wanted[i, :n], atol=1e-4)


@dataclass(frozen=True)
class Killed:
    """An export onto a file that was there already: what those that were killed have left, and what stands there at last."""

    checkpoint: Path
    out: Path
    status: int
    seen: list[list[Any]]
    size: int


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    checkpoint, out = kept(folder, LSTM), folder / "out" / "line.pt2"
    out.parent.mkdir()
    out.write_bytes(BEFORE)
    command = [sys.executable, "-c", KILLED, str(checkpoint), str(out)]
    done = subprocess.run(command, env=user_environment(OMP_NUM_THREADS="1"), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return Killed(checkpoint, out, *json.loads(done.stdout.splitlines()[-1]))


def test_an_export_that_is_killed_leaves_the_old_file_or_the_new_one_whole(killed: Killed) -> None:
    """Half a file would be deployed. What a kill leaves beside it does not stop the next one, even under the same name."""
    kill, too_large = int(signal.SIGKILL), int(signal.SIGXFSZ)
    assert killed.seen == [
        ["begin", kill, "old", []],
        ["middle", too_large, "old", [20_000]],
        ["rename", kill, "old", [killed.size]],
        ["renamed", kill, "new", []],
    ]
    assert killed.status == 0
    assert [path.name for path in killed.out.parent.iterdir()] == ["line.pt2"]


def test_pytorch_alone_reads_an_exported_lstm(killed: Killed, tmp_path: Path) -> None:
    """Whoever deploys it has none of this code, and an operator of ours in the file would be found out there."""
    given, answered = tmp_path / "given.pt", tmp_path / "answered.pt"
    torch.save([batch(lines) for lines in SIZES], given)
    libraries = dict.fromkeys(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))
    command = [sys.executable, "-I", "-S", "-c", ALONE, str(killed.out), str(given), str(answered), *libraries]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    answers = {len(frames): (logits, frames) for logits, frames in torch.load(answered)}
    agrees(killed.checkpoint, lambda images, _: answers[len(images)])


@pytest.mark.slow
def test_onnx_reads_as_the_checkpoint_does_and_says_what_it_wants(tmp_path: Path, capsys) -> None:
    """Whoever runs it elsewhere has no PyTorch, none of this code, and nobody to ask."""
    onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
    pytest.importorskip("onnxscript", reason="the extra `export` is not installed")
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
    checkpoint = kept(tmp_path, LSTM)
    assert main([str(checkpoint), "--to", "onnx"]) == 0
    assert f"written {tmp_path / 'best.onnx'}" in capsys.readouterr().out
    content = (tmp_path / "best.onnx").read_bytes()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def answer(images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        given = {"images": images.numpy(), "widths": widths.numpy()}
        logits, frames = session.run(["logits", "frames"], given)
        return torch.from_numpy(logits), torch.from_numpy(frames)

    agrees(checkpoint, answer)
    said = session.get_modelmeta().custom_metadata_map
    assert (said["height"], said["blank"], said["alphabet"]) == ("32", "0", "ab\N{LATIN SMALL LETTER E WITH ACUTE}")
    assert "ink" in said["range"]
    assert json.loads(said["prepared"]) == {"fit": False, "upright": False}
    (images, widths), (logits, frames) = session.get_inputs(), session.get_outputs()
    assert [images.shape, widths.shape] == [["batch", 32, "width"], ["batch"]]
    assert [logits.shape, frames.shape] == [["batch", "T", 4], ["batch"]]
    graph = onnx.load_from_string(content).graph
    assert all(value.doc_string for value in (*graph.input, *graph.output))


def test_an_exported_program_reads_as_the_checkpoint_does(tmp_path: Path, capsys) -> None:
    """It is loaded by PyTorch alone, without this code; lines that are prepared otherwise than it has learned are read wrong."""
    checkpoint = kept(tmp_path, {**WINDOWS, "dataset": "LineFolder", "dataset_args": {"upright": True}})
    place = tmp_path / "line.pt2"
    assert main([str(checkpoint), "--to", "torch", "--out", str(place)]) == 0
    assert f"written {place}" in capsys.readouterr().out
    said = {"about.json": ""}
    agrees(checkpoint, torch.export.load(io.BytesIO(place.read_bytes()), extra_files=said).module())
    about = json.loads(said["about.json"])
    assert (about["height"], about["network"], about["least_width"]) == (32, "LineCNN", 17)
    assert about["prepared"] == {"fit": True, "upright": True}


def test_what_writes_token_by_token_is_refused(tmp_path: Path, capsys) -> None:
    """Half of such a reader, without the search, would read nothing."""
    assert main([str(kept(tmp_path, WRITER)), "--to", "torch"]) == 1
    assert "token by token" in capsys.readouterr().err
    assert not (tmp_path / "best.pt2").exists()


def test_the_checkpoint_is_not_written_over(tmp_path: Path, capsys) -> None:
    """It is what an hour of training has left."""
    checkpoint = kept(tmp_path, LSTM)
    before = checkpoint.read_bytes()
    assert main([str(checkpoint), "--to", "torch", "--out", str(checkpoint)]) == 2
    assert "is the checkpoint itself" in capsys.readouterr().err
    assert checkpoint.read_bytes() == before


def answers(shift: float, frames: int = 0, nothing: bool = False) -> Any:
    """What gives each frame the same two logits, shifted, with so many frames more; or no numbers."""

    def read(images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = torch.tensor([0.0, shift]).expand(len(images), images.shape[2], 2).clone()
        logits[..., 1][torch.arange(images.shape[2]) >= widths[:, None]] = 100 * shift  # padding counts for nothing
        return logits * (torch.nan if nothing else 1), widths + frames

    return read


class Same(torch.nn.Module):
    """Logits 0 and 0 in every frame."""

    def forward(self, images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return answers(0.0)(images, widths)


def test_a_file_that_answers_otherwise_is_an_error(tmp_path: Path) -> None:
    """It would be deployed, and read a little wrong for years."""
    lines = list(drawn_lines(40))
    assert [len(images) for images, _ in lines] == [1, 7, 12]
    assert {images.shape[1] for images, _ in lines} == {40}
    assert difference(Same(), answers(0.0), lines) == 0
    apart = difference(Same(), answers(1.0), lines)
    assert apart == pytest.approx(1 / (1 + np.exp(-1)) - 0.5)
    assert checked(tmp_path, Exported(b"", 9e-5)).apart == 9e-5
    more, nothing = (difference(Same(), answers(0.0, **wrong), lines) for wrong in ({"frames": 1}, {"nothing": True}))
    for wrong in (apart, more, nothing, float("nan")):
        with pytest.raises(CheckpointError, match="nothing is written"):
            checked(tmp_path, Exported(b"", wrong))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_a_package_that_is_missing_is_named_with_its_extra(capsys, package: str) -> None:
    """Most users have no ONNX, and of three packages any may be the one that is missing."""

    def action() -> int:
        raise ModuleNotFoundError(name=package)

    assert obeyed("export", action) == 1
    said = capsys.readouterr().err
    assert (package in said, "pip install 'exp-queue[export]'" in said) == (True, True), said
