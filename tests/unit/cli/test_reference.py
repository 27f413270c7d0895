"""The manual page and the page of the guide that are made of the commands."""

from __future__ import annotations

import os
import shutil
import subprocess

import click
import pytest

from scheduler.cli import main, reference
from tests.conftest import ROOT


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as left:
        main.main(["man", *words])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_the_page_of_the_guide_is_what_the_commands_say(capsys: pytest.CaptureFixture[str]) -> None:
    """A reference that is written by hand is wrong after a week: `exp-queue man --markdown > docs/guide/commands.md`."""
    assert (ROOT / "docs/guide/commands.md").read_text(encoding="utf-8") == printed(capsys, "--markdown")


def test_every_command_and_every_option_stands_in_the_manual_page(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not written there would be known to nobody who reads it."""
    page = printed(capsys).replace("\\-", "-")
    for name in main.COMMANDS:
        assert f"\n.SS {name}\n" in page
        command = main.commands.get_command(click.Context(main.commands), name)
        assert command
        assert all(parameter.opts[0] in page for parameter in command.params if isinstance(parameter, click.Option))


def test_what_means_something_to_roff_is_shown_as_it_is() -> None:
    """A line that begins with a full stop is an order, and a backslash an escape."""
    command = reference.Described("x", "", "exp-queue x", ["\b\n.hidden 'a' \\n", "'quoted' text"], [("-n, --lines N", "")])
    page = reference.manual("1.0", "About.", {"See": [command]})
    assert "\n\\&.hidden \\(aqa\\(aq \\en\n" in page
    assert "\n\\&\\(aqquoted\\(aq text\n" in page
    assert "\n.TP\n\\fB\\-n, \\-\\-lines N\\fR\n\\&\n" in page


@pytest.mark.parametrize(
    "checker",
    [["mandoc", "-T", "lint", "-W", "error"], ["man", "--warnings", "-l"], ["groff", "-man", "-ww", "-z"]],
    ids=lambda c: c[0],
)
def test_the_programs_that_show_manual_pages_have_nothing_to_say(
    checker: list[str], capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    """A warning of theirs is a line that somebody does not see."""
    if not shutil.which(checker[0]):
        pytest.skip(f"there is no {checker[0]} here")
    page = tmp_path / "exp-queue.1"
    page.write_text(printed(capsys), encoding="utf-8")
    done = subprocess.run(
        [*checker, str(page)],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    if checker[0] == "man":
        assert "exp-queue status [OPTIONS] [JOB]..." in done.stdout
