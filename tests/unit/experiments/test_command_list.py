"""Lists of command lines: what is a command, what a prefix asks for, and what is said of a line that undoes our work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.command_list import read_commands
from scheduler.sweeps import read_file


def lines(texts: str | list[str]) -> list[str]:
    return [each.argv[2] for each in read_commands(texts).experiments()]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[list[str]], str]:
    """Writes these lines to a file; returns its path."""

    def written(texts: list[str]) -> str:
        (tmp_path / "list.txt").write_text("\n".join(texts), newline="")
        return str(tmp_path / "list.txt")

    return written


def test_each_line_is_a_command_of_a_shell(file) -> None:
    """People paste what they type: pipes, quotes and comments mean what they mean there."""
    texts = ["python a.py | tee 'a b.log'", "", "  # a comment", "  FOO=1 b && c  ", "d # not alone\r"]
    assert lines(file(texts)) == ["python a.py | tee 'a b.log'", "FOO=1 b && c", "d # not alone"]
    assert next(read_commands(file(texts)).experiments()).argv[:2] == ("sh", "-c")


def test_a_backslash_joins_a_line_to_the_next(file) -> None:
    """Scripts break long commands so; each half would be a job that fails."""
    texts = ["python a.py \\", "  # no comment here", "b\\\\"]
    assert lines(file(texts)) == ["python a.py   # no comment here", "b\\\\"]


def test_a_command_of_a_program_is_one_command_whatever_it_ends_with() -> None:
    """A list in Python has no lines to join, and its texts were not typed one below the other."""
    assert lines(["a \\", "# b", " ", "c\nd"]) == ["a \\", "# b", "c\nd"]


@pytest.mark.parametrize(
    ("text", "kept"), [("ls a\\ ", "ls a\\ "), ("ls a\\\\  ", "ls a\\\\"), ("[gpus=1] ls a\\  \t", "ls a\\ ")]
)
def test_a_blank_that_a_backslash_protects_stays(file, text: str, kept: str) -> None:
    """A shell takes it for a part of the name."""
    assert lines([text]) == lines(file([text])) == [kept]


def test_an_id_comes_from_the_line_alone() -> None:
    """The same list again finds its jobs, wherever the line stands and whatever it asks for now."""
    first, second = read_commands(["echo 1", "echo 2"]).experiments()
    again = {each.id for each in read_commands(["[gpus=2] echo 2", "", "[retries=1]echo 1"]).experiments()}
    assert first.id != second.id
    assert again == {first.id, second.id}


def test_a_prefix_asks_for_what_a_file_asks_for_under_resources_and_policy() -> None:
    """One word for one thing: the keys and units are those of experiments files."""
    (found,) = read_commands(["[gpus=2 memory=10G, exclusive=true timeout=2h] torchrun a.py"]).experiments()
    assert (found.resources.gpus, found.resources.gpu_memory, found.resources.exclusive) == (2, 10240, True)
    assert found.policy.timeout == 7200
    assert found.argv[2] == "torchrun a.py"


@pytest.mark.parametrize("command", ["[ -f done ] || python a.py", "[[ -f done ]] || b"])
def test_the_shells_own_brackets_are_no_prefix(command: str) -> None:
    """`[ -f done ] || ...` is how people skip what is done."""
    assert lines([command]) == [command]


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("echo 1\n  [gpus=1 memry=3G] b\n", 11, 'unknown key "memry"; did you mean "memory"?'),
        ("\n[gpus=two] b\n", 2, "gpus: expected a whole number"),
        ("\n[gpus] b\n", 2, '"gpus" has no value'),
        ("\n[objective=loss] b\n", 2, 'unknown key "objective"; known are: gpus, '),
        ("\n[gpus=1 b\n", 1, "not closed"),
        ("\n[gpus=1]\n", 1, "no command after the brackets"),
    ],
)
def test_a_wrong_prefix_is_named_with_its_place(tmp_path: Path, text: str, column: int, said: str) -> None:
    """A list has a thousand lines; which of them is wrong, and where, must not be searched for."""
    (tmp_path / "jobs.txt").write_text(text)
    with pytest.raises(UserError) as caught:
        read_commands(str(tmp_path / "jobs.txt"))
    assert str(caught.value).startswith(f"{tmp_path}/jobs.txt:2:{column}: ")
    assert said in str(caught.value)


def test_a_list_without_a_command_is_an_error(file) -> None:
    """Nothing to do is a wrong file or an empty pipe, and no success."""
    with pytest.raises(UserError, match="no command"):
        read_commands(file(["", "# all done"]))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"changes": ["lr=1"]}, '"lr=1" says nothing to it'),
        ({"asked": Asked(program="python a.py")}, "another program says nothing to it"),
        ({"asked": Asked(style="flags")}, "another style says nothing to it"),
    ],
)
def test_what_a_list_of_commands_cannot_follow_is_refused(others: dict, said: str) -> None:
    """Whoever asks for it would wait for results that are not those."""
    with pytest.raises(UserError, match=said):
        read_commands(["echo"], **others)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CUDA_VISIBLE_DEVICES=0 python a.py", "CUDA_VISIBLE_DEVICES"),
        ("export DATA=/data", "changes only the shell of its own line: join it to its command by &&"),
        ("[gpus=1] cd project", "changes only the shell of its own line"),
        ("nohup python a.py &", "ends at once"),
    ],
)
def test_a_line_that_undoes_our_work_is_told_of_once(text: str, said: str) -> None:
    """A hundred lines with the same habit are one habit."""
    (note,) = read_commands(["echo", text, text]).notes
    assert said in str(note)
    assert str(note).startswith("the list:2:1: this line (and 1 more) ")


@pytest.mark.parametrize("text", ["cd project && python a.py", "a && b", "echo $CUDA_VISIBLE_DEVICES", "a > b 2>&1"])
def test_an_ordinary_line_is_not_doubted(text: str) -> None:
    """A warning that is false teaches people to read none."""
    assert read_commands([text]).notes == ()


@pytest.mark.parametrize("name", ["jobs.txt", "jobs.sh"])
@pytest.mark.parametrize("text", ["python a.py --lr 1\npython a.py --lr 2\n", "a: b: c\n", "FOO=1 a | b\n"])
def test_a_list_that_is_taken_for_an_experiments_file_gets_the_advice(tmp_path: Path, name: str, text: str) -> None:
    """`run jobs.txt` is what everybody types first."""
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match="--commands"):
        read_file(str(tmp_path / name))


def test_an_experiments_file_may_have_any_name(tmp_path: Path) -> None:
    """The advice is for what cannot be read otherwise."""
    (tmp_path / "grid.txt").write_text("grid: {lr: [1, 2]}")
    assert read_file(str(tmp_path / "grid.txt")).count() == 2


def test_a_prefix_may_say_how_many_share_a_gpu_and_not_in_two_ways() -> None:
    """As a file may; the whole list can be told by --share."""
    plan = read_commands(["[share=4 ports=2] train", "train"])
    assert [(each.resources.share, each.policy.ports) for each in plan.experiments()] == [(4, 2), (None, 0)]
    assert [each.resources.share for each in plan.with_share(2).experiments()] == [2, 2]
    with pytest.raises(UserError, match="two ways to share a GPU"):
        read_commands(["[share=4 memory=6G] train"])
