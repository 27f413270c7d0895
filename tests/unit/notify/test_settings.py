"""The configuration file: who is told of what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.notify.channel import Channel
from scheduler.notify.event import TEST
from scheduler.notify.settings import Settings, chosen, path_of, read
from scheduler.report.excerpt import excerpt
from tests.conftest import ROOT

ALL = """
notify:
  use: [phone]
  at: [end, still]
  still_after: 30m
  channels:
    phone: {webhook: "https://ntfy.sh/topic", format: ntfy}
    chat: {url_variable: SLACK_URL, format: slack, at: failure}
    mail:
      email: me@example.org
      server: smtp.example.org:587
      security: starttls
      password_variable: SMTP_PASSWORD
    line: {command: "cat >> told"}
    words: {command: [tell, me]}
    screen: {desktop: true}
"""


@pytest.fixture
def settings(tmp_path: Path):
    def written(text: str) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return read(path, wanted=True)

    return written


def test_a_file_with_every_kind_of_channel_is_read(settings) -> None:
    """As the guide has it."""
    found = settings(ALL)
    assert (found.use, found.still_after, list(found.channels)) == (
        ("phone",),
        1800.0,
        ["phone", "chat", "mail", "line", "words", "screen"],
    )
    assert found.channels["chat"] == Channel("chat", "webhook", at=("failure",), format="slack", url_variable="SLACK_URL")
    assert found.channels["line"].to == ("sh", "-c", "cat >> told")
    assert found.channels["words"].to == ("tell", "me")
    assert found.channels["mail"].at == ("end", "still")


def test_every_file_of_the_guide_is_read(settings) -> None:
    """People copy them."""
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/guide/notifications.md").read_text(), re.DOTALL)
    assert len(examples) == 5
    assert all(settings(text).channels for text in examples)


def test_what_a_channel_wants_is_what_it_gets_and_a_test_always(settings) -> None:
    """Or a channel for failures alone could not be tried."""
    chat = settings(ALL).channels["chat"]
    assert [chat.wants(kind) for kind in ("failure", "end", "still", TEST)] == [True, False, False, True]


def test_what_is_shown_of_a_channel_holds_no_secret(settings) -> None:
    """The path of a webhook is what lets anybody write to it."""
    said = [channel.says for channel in settings(ALL.replace("topic", "geheim")).channels.values()]
    assert said[0] == "webhook to ntfy.sh (ntfy)"
    assert said[1] == "webhook to $SLACK_URL (slack)"
    assert said[2] == "e-mail to me@example.org by smtp.example.org:587 (starttls)"
    assert not any("geheim" in each for each in said)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("notify: {chanels: {}}", "1:10", 'unknown key "chanels"; did you mean "channels"?'),
        ("other: 1", "1:1", 'unknown key "other"'),
        ("notify:\n  at: [end, fail]\n", "2:7", 'expected one of end, failure, still, found the text "fail"'),
        ("notify:\n  channels:\n    m: {email: nobody}\n", "3:16", "expected an e-mail address"),
        ("notify:\n  channels:\n    m: {email: a@b, server: 'localhost:smtp'}\n", "3:29", "expected a host or host:port"),
        ("notify:\n  channels:\n    m: {email: a@b, server: 'localhost:99999'}\n", "3:29", "expected a host or host:port"),
        ("notify:\n  channels:\n    m: {desktop: yes}\n", "3:18", "expected true"),
        ("notify:\n  channels:\n    m: {}\n", "3:8", "a channel has one of command, desktop, email"),
        ("notify:\n  channels:\n    m: {desktop: true, email: a@b}\n", "3:8", "this one has desktop and email"),
        ("notify:\n  channels:\n    m: {desktop: true, format: json}\n", "3:24", 'unknown key "format"'),
        ("notify:\n  use: phone\n", "2:8", '"phone" is no channel'),
        ("notify:\n  still_after: soon\n", "2:16", "expected a duration"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(settings, text: str, place: str, what: str) -> None:
    """As in every file that people write."""
    with pytest.raises(UserError) as caught:
        settings(text)
    assert f"config.yaml:{place}: " in str(caught.value)
    assert what in str(caught.value)


@pytest.mark.parametrize("line", ["email: a@b, password: geheim", "email: a@b, passwort: geheim", "webhook: geheim"])
def test_a_secret_in_the_file_is_refused_and_not_shown(settings, line: str) -> None:
    """It would stand in the log of whatever started us."""
    with pytest.raises(UserError) as caught:
        settings(f"notify:\n  channels:\n    m: {{{line}}}\n")
    assert "config.yaml:3:" in str(caught.value)
    assert "geheim" not in str(caught.value) + "".join(excerpt(caught.value.where))


def test_without_a_file_there_is_nobody_and_an_empty_one_says_as_much(tmp_path: Path, settings) -> None:
    """Most people have none; who names one means it."""
    assert read(tmp_path / "none.yaml", wanted=False) == settings("\n") == settings("notify: {}") == Settings()
    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "none.yaml", wanted=True)


EMPTIED = ["# notify:\r\n#   use: [a]\r\n", "\ufeff# a\n\n", "notify:\n", "notify:\n  use: []\n  channels:\n"]


@pytest.mark.parametrize("text", EMPTIED)
def test_a_file_of_which_all_was_taken_out_tells_nobody(settings, text: str) -> None:
    """Every run was refused, and told to write experiments into it."""
    assert settings(text) == Settings()


def test_the_file_is_where_the_desktop_standard_has_it() -> None:
    """Unless a variable names another."""
    assert path_of({"XDG_CONFIG_HOME": "/x"}) == Path("/x/exp-queue/config.yaml")
    assert path_of({}) == Path.home() / ".config/exp-queue/config.yaml"
    assert path_of({"XDG_CONFIG_HOME": "/x", "EXP_QUEUE_CONFIG": "/y"}) == Path("/y")


def test_words_name_channels_of_the_file_or_need_none(settings, tmp_path: Path) -> None:
    """The first notification of a person's life needs no file."""
    program = tmp_path / "tell"
    program.touch(0o700)
    found = settings(ALL)
    kinds = [
        (each.name, each.kind, each.format) for each in chosen(["chat", "desktop", "you@example.org", "slack:https://a/b"], found)
    ]
    assert kinds == [
        ("chat", "webhook", "slack"),
        ("desktop", "desktop", "json"),
        ("email", "email", "json"),
        ("slack", "webhook", "slack"),
    ]
    assert chosen(["https://a/b", str(program)], Settings())[1].to == (str(program),)
    assert [each.name for each in chosen([], found)] == ["phone"]
    assert chosen(["chat", "none"], found) == chosen([], Settings()) == ()
    with pytest.raises(UserError, match='"fone" is nobody to notify'):
        chosen(["fone"], found)
