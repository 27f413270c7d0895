"""Tags and notes at the top of an experiments file."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments import read
from scheduler.experiments.remarks import Remarks

HEAD = "command: ['true', '${args}']\ngrid: {x: [1]}\n"


def remarks(tmp_path: Path, text: str) -> Remarks:
    (tmp_path / "file.yaml").write_text(HEAD + text, encoding="utf-8")
    return read(str(tmp_path / "file.yaml")).remarks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Remarks()),
        ("tags: [b, a, b]\nnotes: |\n  two\n  lines\n", Remarks(("a", "b"), "two\nlines")),
        ("tags: baseline\n", Remarks(("baseline",))),
    ],
)
def test_a_file_says_what_its_jobs_are_for(tmp_path: Path, text: str, found: Remarks) -> None:
    """As W&B's `tags` and `notes`, which people know."""
    assert remarks(tmp_path, text) == found


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("tags: [ok, two words]\n", "3:12", '"two words" cannot be a tag'),
        ("tags: 3\n", "3:7", "expected"),
        ("notes: [a]\n", "3:8", "expected"),
    ],
)
def test_a_wrong_tag_is_told_with_its_place(tmp_path: Path, text: str, where: str, what: str) -> None:
    """Like everything else in a file."""
    with pytest.raises(UserError, match=rf"file\.yaml:{where}: .*{what}"):
        remarks(tmp_path, text)


def test_the_command_line_adds_tags_and_has_the_last_word_on_the_note() -> None:
    """Several tags may stand in one word, as people type them."""
    assert Remarks(("b",), "the file's").and_also(["a,c", "b"], None) == Remarks(("a", "b", "c"), "the file's")
    assert Remarks((), "the file's").and_also([], "mine") == Remarks((), "mine")
