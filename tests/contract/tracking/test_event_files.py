"""TensorBoard's event files, written by the tensorboard library itself."""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.tracking.readers.event_files import NO_LIBRARY, EventFile, EventFolder
from scheduler.tracking.readers.rows import Row
from tests.conftest import user_environment

pytest.importorskip("tensorboard")

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto


def old(tag: str, value: float) -> Summary.Value:
    """As torch.utils.tensorboard.SummaryWriter.add_scalar writes it."""
    return Summary.Value(tag=tag, simple_value=value)


def new(tag: str, value: object, plugin: str = "scalars") -> Summary.Value:
    """As tf.summary of TensorFlow 2 writes it."""
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin))
    return Summary.Value(tag=tag, metadata=metadata, tensor=make_tensor_proto(value))


def event(step: int, *values: Summary.Value) -> Event:
    return Event(step=step, wall_time=1.5, summary=Summary(value=values))


def written(folder: Path, *events: Event) -> Path:
    """A new event file; its first event is the library's own, which says the version."""
    writer = EventFileWriter(str(folder))
    for each in events:
        writer.add_event(each)
    writer.close()
    return max(folder.glob("*tfevents*"))


def test_scalars_of_both_generations_are_read(tmp_path: Path) -> None:
    """PyTorch writes numbers, TensorFlow 2 tensors of one number; both float32 on disk."""
    noise = [new("text", "hi", "text"), new("image", [1.0, 2.0], "images"), new("curve", 1.0, "pr_curves")]
    path = written(tmp_path / "run", event(1, old("loss", 0.5)), event(2, *noise), event(3, new("loss", 0.25), new("n", 7)))
    rows = EventFile(path).read()
    assert rows == [
        Row(1, {"run/loss": 0.5, "loss": 0.5}),
        Row(3, {"run/loss": 0.25, "run/n": 7.0, "loss": 0.25, "n": 7.0}),
    ]


def test_a_folder_in_front_of_the_tag_tells_training_from_validation(tmp_path: Path) -> None:
    """Keras logs the same tag into two folders."""
    path = written(tmp_path / "validation", event(1, new("epoch_loss", 0.5)), event(2, new("lr", 0.5)))
    assert [row.step for row in EventFile(path, ["validation/epoch_loss"]).read()] == [1]


CONTENT = [event(n, old("loss", n), old("other", 1)) for n in range(4)]


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 400), max_size=5))
def test_any_split_into_reads_gives_the_same_rows(cuts: list[int]) -> None:
    """Writers flush buffers, not events."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), *CONTENT)
        content = path.read_bytes()
        path.write_bytes(b"")
        reader, found = EventFile(path), []
        for end in [*sorted(cuts), len(content)]:
            path.write_bytes(content[:end])
            found += reader.read()
    assert [row.step for row in found] == [0, 1, 2, 3]


def test_a_damaged_event_is_tried_again(tmp_path: Path) -> None:
    """A wrong number is worse than a late one."""
    path = written(tmp_path, *CONTENT)
    content = path.read_bytes()
    start = len(content) - len(CONTENT[-1].SerializeToString()) - 16
    for position in (start, start + 8, start + 14, content.rindex(b"loss") + 6, len(content) - 1):
        bad = bytearray(content)
        bad[position] ^= 1
        path.write_bytes(bad)
        reader = EventFile(path, ["loss"])
        early = reader.read()
        assert len(early) == 3
        path.write_bytes(content)
        assert [row.step for row in early + reader.read()] == [0, 1, 2, 3]


def test_images_between_scalars_are_passed_over(tmp_path: Path) -> None:
    """Their checksums in pure Python would cost seconds; the largest does not fit into one look."""
    pictures = [Summary.Value(tag="loss", image=Summary.Image(encoded_image_string=bytes(size))) for size in (2 << 20, 9 << 20)]
    path = written(tmp_path, event(1, old("loss", 1)), *(event(2, each) for each in pictures), event(3, old("loss", 3)))
    assert [row.step for row in EventFile(path).finish()] == [1, 3]
    reader, found = EventFile(path), []
    for _ in range(6):
        found += reader.read()
        if not reader.behind:
            break
    assert [row.step for row in found] == [1, 3]


def test_an_announced_length_without_its_bytes_is_waited_for(tmp_path: Path) -> None:
    """A large event that is half written must not be jumped over into nothing."""
    path = written(tmp_path, event(1, Summary.Value(tag="x", image=Summary.Image(encoded_image_string=bytes(9 << 20)))))
    content = path.read_bytes() + written(tmp_path / "b", event(2, old("loss", 2))).read_bytes()
    path.write_bytes(content[: 6 << 20])
    reader = EventFile(path)
    assert reader.read() == reader.read() == reader.finish() == []
    path.write_bytes(content)
    assert [row.step for row in reader.finish()] == [2]


def test_the_files_of_a_folder_are_one_run(tmp_path: Path) -> None:
    """A script that opens a second writer goes on with the same run."""
    reader = EventFolder(tmp_path)
    written(tmp_path, event(1, old("loss", 1)))
    assert [row.step for row in reader.read()] == [1]
    written(tmp_path, event(2, old("loss", 2)))
    assert [row.step for row in reader.finish()] == [2]


def test_garbage_ends_the_reading_and_nothing_else(tmp_path: Path) -> None:
    """A file of another program with such a name."""
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(struct.pack("<QI", 20, 1) + bytes(100))
    assert (EventFile(path).read(), EventFile(path).finish()) == ([], [])


def test_without_the_library_the_user_is_told_what_to_install(tmp_path: Path) -> None:
    """The library is an extra; output is read instead. A real interpreter that cannot find it."""
    script = f"""
import sys
sys.modules["tensorboard"] = None
from pathlib import Path
from scheduler.tracking.readers.follower import Follower
run = Path({str(tmp_path)!r})
follower = Follower(run, ["loss"])
print(len(follower.read()), follower.source, *follower.notices())
"""
    written(tmp_path, event(1, old("loss", 1)))
    (tmp_path / "log.txt").write_text("loss: 1\n")
    result = subprocess.run([sys.executable, "-c", script], env=user_environment(), capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == f"1 output {NO_LIBRARY}", result.stderr
