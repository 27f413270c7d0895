"""Checkpoints on a real disk, with real kills."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.conftest import user_environment  # noqa: E402
from tests.small_disk import small_disk  # noqa: E402
from text_recognizer.errors import CheckpointError  # noqa: E402
from text_recognizer.training.checkpoints import Checkpoint, load, save  # noqa: E402

WRITE_FOR_EVER = """
import sys, itertools, torch
from pathlib import Path
from text_recognizer.training.checkpoints import Checkpoint, save
for epoch in itertools.count():
    weights = {"w": torch.full((1_000_000,), float(epoch))}
    save(Path(sys.argv[1]), Checkpoint({}, "abc", {"epoch": epoch}, weights))
"""

INTERRUPTED = """
import sys, torch
from pathlib import Path
from text_recognizer.training.checkpoints import Checkpoint, save
weights = {f"w{n}": torch.zeros(10) for n in range(300)}
save(Path(sys.argv[1]), Checkpoint({}, "abc", {}, weights))  # on a slow machine every later one may be interrupted
for _ in range(40):
    try:
        print("saving", flush=True)
        while True:
            save(Path(sys.argv[1]), Checkpoint({}, "abc", {}, weights))
    except KeyboardInterrupt:
        pass
print("end", flush=True)
"""


def checkpoint(value: float = 1.0) -> Checkpoint:
    weights = {"layer.weight": torch.full((3, 2), value), "norm.count": torch.tensor(7), "half": torch.ones(5).bfloat16()}
    return Checkpoint({"network": "mlp"}, "01A", {"epoch": 3, "figure": 0.5}, weights)


def whole(path: Path) -> None:
    """The checkpoint of `WRITE_FOR_EVER` loads, and its weights are those of its epoch."""
    kept = load(path)
    assert kept.weights["w"].unique().tolist() == [kept.about["epoch"]]


@pytest.mark.parametrize(
    ("args", "expected"), [({"upright": False}, False), ({"upright": False, "fit": True}, True), ({"split": "aachen"}, None)]
)
def test_folders_of_lines_from_before_there_was_fit_are_read_without_it(
    tmp_path: Path, args: dict[str, object], expected: bool | None
) -> None:
    """It is the default now, and their networks have never seen such lines."""
    save(tmp_path / "best.pt", Checkpoint({"network": "line_lstm_ctc", "dataset_args": args}, "01A", {}, checkpoint().weights))
    assert load(tmp_path / "best.pt").experiment["dataset_args"].get("fit") is expected


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    """Scalars and bf16 included."""
    save(tmp_path / "new" / "best.pt", checkpoint())
    back = load(tmp_path / "new" / "best.pt")
    assert (back.experiment, back.classes, back.about) == ({"network": "mlp"}, "01A", {"epoch": 3, "figure": 0.5})
    assert all(torch.equal(back.weights[name], tensor) for name, tensor in checkpoint().weights.items())


def test_other_programs_can_read_it_without_trusting_it(tmp_path: Path) -> None:
    """`weights_only` refuses anything that could run code."""
    save(tmp_path / "best.pt", checkpoint())
    content = torch.load(tmp_path / "best.pt", weights_only=True)
    assert set(content) == {"format", "experiment", "classes", "about", "weights", "sha256"}


def test_a_new_checkpoint_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """Leftovers of every epoch would fill the disk."""
    save(tmp_path / "last.pt", checkpoint(1.0))
    save(tmp_path / "last.pt", checkpoint(2.0))
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]
    assert load(tmp_path / "last.pt").weights["layer.weight"][0, 0] == 2.0


def test_a_flipped_bit_in_the_weights_is_noticed(tmp_path: Path) -> None:
    """Such weights load without an error and read a little worse."""
    path = tmp_path / "best.pt"
    save(path, checkpoint(value=1234.5))
    content = bytearray(path.read_bytes())
    at = content.index(torch.tensor([1234.5] * 6).numpy().tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load(path)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"not a checkpoint"])
def test_half_a_file_is_refused_in_words(tmp_path: Path, damage) -> None:
    """A traceback of the unpickler tells nobody what to do."""
    path = tmp_path / "best.pt"
    save(path, checkpoint())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=r"best\.pt: cannot be read"):
        load(path)


def test_a_missing_and_a_foreign_file_are_refused_in_words(tmp_path: Path) -> None:
    """People give the wrong path, or another program's weights."""
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        load(tmp_path / "none.pt")
    torch.save({"weights": {}}, tmp_path / "foreign.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint of this program"):
        load(tmp_path / "foreign.pt")
    (tmp_path / "line.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path / "line.png")
    said = "cannot be read: no checkpoint of this program, or damaged; give best.pt of a training, or what --save kept"
    assert str(caught.value) == f"{tmp_path / 'line.png'}: {said}"


def test_a_kill_in_the_middle_of_writing_leaves_a_whole_checkpoint(tmp_path: Path, until) -> None:
    """A timeout or a full machine strikes at any moment; the hours before must not be lost."""
    path = tmp_path / "last.pt"
    writer = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], env=user_environment())
    try:
        until(path.exists)
        for _ in range(40):  # whatever a reader can see now is what a kill at this moment would leave
            whole(path)
        until(lambda: list(tmp_path.glob("*.part")))
    finally:
        writer.kill()
        writer.wait()
    whole(path)


def test_an_interrupt_in_the_middle_of_writing_is_an_interrupt(tmp_path: Path) -> None:
    """PyTorch's writer answers one with an error about the file, or with an abort; a Ctrl-C must end as one."""
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "last.pt")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=user_environment(), text=True, **pipes) as writer:
        assert writer.stdout
        for number, _ in enumerate(line for line in writer.stdout if line == "saving\n"):
            time.sleep(number / 2000)  # at another place of the writing each time
            writer.send_signal(signal.SIGINT)
            while not select.select([writer.stdout], [], [], 30)[0]:
                writer.send_signal(signal.SIGINT)  # Python drops an interrupt that strikes in a destructor
        assert writer.wait() == 0, writer.stderr and writer.stderr.read()
    load(tmp_path / "last.pt")


def test_a_full_disk_is_told_and_the_last_checkpoint_stays_whole(tmp_path: Path) -> None:
    """Of a night's training the last good epoch must be left, and no half-written file that keeps the disk full."""
    place = tmp_path / "small"
    place.mkdir()
    with small_disk(place):
        save(place / "last.pt", checkpoint(1.0))
        too_large = Checkpoint({}, "01A", {}, {"w": torch.zeros(1 << 20)})
        with pytest.raises(CheckpointError, match=r"cannot write .*last\.pt \(No space left on device\); what was saved before"):
            save(place / "last.pt", too_large)
        assert [path.name for path in place.iterdir()] == ["last.pt"]
        assert torch.equal(load(place / "last.pt").weights["layer.weight"], torch.full((3, 2), 1.0))
