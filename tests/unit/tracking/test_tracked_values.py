"""What trackers are told of a training, in the forms that they take."""

from __future__ import annotations

import sys
import threading

import pytest

from scheduler.tracking.media import Image, Table, predictions_table
from scheduler.tracking.trackers.training import Training, no_words, pictures_of, pillow, storable, texts_of


def test_a_number_of_any_size_reaches_a_tracker() -> None:
    """A count of examples times tokens may pass 64 bits; some clients then lose the row, one the whole batch."""
    found = storable({"small": -(2**63), "large": 2**63 + 1, "nested": {"huge": 10**400}, "truth": True, "text": "x"})
    assert found == {
        "small": -(2**63),
        "large": 2.0**63,
        "nested": {"huge": "a number of 1,329 bits"},
        "truth": True,
        "text": "x",
    }
    assert isinstance(found["truth"], bool)


@pytest.mark.parametrize(
    ("project", "strict", "lenient"),
    [("demo", "demo", "demo"), ("my demo/é", "my-demo", "my demo-é"), ("//", "exp-queue", "exp-queue")],
)
def test_a_project_has_a_name_that_each_tracker_takes(project: str, strict: str, lenient: str) -> None:
    """SwanLab refuses blanks, W&B a slash: at the beginning of a training, and for all of it."""
    assert Training(project=project).project_without(r"^0-9a-zA-Z_\-+.") == strict
    assert Training(project=project).project_without(r"/\\#?%:") == lenient


def test_tags_are_short_and_none_is_empty() -> None:
    """W&B refuses a run for one that is not."""
    assert Training(tags=["a", " ", "a", "b" * 100]).short_tags == ["a", "b" * 64]
    assert Training().short_tags is None


def test_predictions_are_a_table_with_the_pictures_in_front() -> None:
    """The recogniser's lines are looked at beside what was read; rows may lack a cell."""
    numpy = pytest.importorskip("numpy")
    image = numpy.zeros((2, 3), dtype="uint8")
    table = predictions_table([{"target": "a", "said": "b"}, {"target": "c"}], [image, image])
    assert (table.columns, texts_of(table)) == (["image", "target", "said"], [["(image)", "a", "b"], ["(image)", "c", None]])
    assert [len(images) for images in pictures_of(table).values()] == [2]
    assert predictions_table([], None) == Table([], [])


def test_a_picture_that_no_library_can_draw_is_left_out() -> None:
    """An SVG stays beside the metric log."""
    pytest.importorskip("PIL")
    numpy = pytest.importorskip("numpy")
    picture = Image(numpy.zeros((2, 3), dtype="uint8"))
    assert pillow(picture).size == (3, 2)
    picture.content = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    assert pillow(picture) is None


def test_a_client_is_silent_and_the_training_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Both print at once where a tracker is opened slowly, and standard output is the training's."""

    def client() -> None:
        with no_words():
            print("welcome")
            inside.set()
            assert said.wait(300)

    inside, said = threading.Event(), threading.Event()
    thread = threading.Thread(target=client)
    thread.start()
    assert inside.wait(300)
    print("epoch 1")
    sys.stdout.flush()
    said.set()
    thread.join()
    assert capsys.readouterr().out == "epoch 1\n"
