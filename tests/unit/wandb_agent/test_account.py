"""Which server and which key are meant, by what W&B's own client goes by."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.wandb_agent.account import Account, Address, account_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(home: Path, **environment: str) -> Account:
    return account_of({"HOME": str(home), **environment})


def test_the_environment_says_all(home: Path) -> None:
    """As a shell that was set up for a server has it."""
    account = found(home, WANDB_BASE_URL="http://127.0.0.1:8643/", WANDB_API_KEY="k", WANDB_ENTITY="me", WANDB_PROJECT="p")
    assert account == Account("http://127.0.0.1:8643", "k", "me", "p")
    assert "k'" not in repr(account)


@pytest.mark.parametrize(("url", "key"), [("", "cloud"), ("http://127.0.0.1:8643", "own"), ("https://other.example", "")])
def test_a_login_is_that_of_the_server_and_no_other(home: Path, url: str, key: str) -> None:
    """Somebody else's server must never see the key of an account."""
    (home / ".netrc").write_text(
        "machine api.wandb.ai login user password cloud\nmachine 127.0.0.1:8643 login user password own\n"
    )
    if key:
        assert found(home, WANDB_BASE_URL=url).key == key
        return
    with pytest.raises(UserError, match=r"no key for the W&B server at https://other\.example"):
        found(home, WANDB_BASE_URL=url)


def test_a_netrc_may_lie_elsewhere_and_may_be_damaged(home: Path) -> None:
    """$NETRC counts alone; what cannot be read has no key in it."""
    (home / "mine").write_text("machine api.wandb.ai login user password elsewhere\n")
    (home / ".netrc").write_text("machine api.wandb.ai login user password usual\n")
    assert found(home, NETRC=str(home / "mine")).key == "elsewhere"
    (home / "mine").write_text("nonsense here\n")
    with pytest.raises(UserError, match="no key"):
        found(home, NETRC=str(home / "mine"))


def test_settings_of_the_directory_win_over_those_of_the_user_and_the_environment_over_both(home: Path) -> None:
    """`wandb init` writes the ones, `wandb login --host` the others."""
    (home / ".config" / "wandb").mkdir(parents=True)
    (home / ".config" / "wandb" / "settings").write_text("[default]\nbase_url = https://ours.example\nentity = team\n")
    (home / "wandb").mkdir()
    (home / "wandb" / "settings").write_text("[default]\nentity = group\nproject = digits\n")
    account = found(home, WANDB_API_KEY="k", WANDB_PROJECT="letters")
    assert (account.url, account.entity, account.project) == ("https://ours.example", "group", "letters")


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8643", "http://", "file:///etc/passwd"])
def test_what_is_no_address_of_a_server_is_refused(home: Path, url: str) -> None:
    """Before a key is sent anywhere."""
    with pytest.raises(UserError, match="no address of a server"):
        found(home, WANDB_BASE_URL=url, WANDB_API_KEY="k")


def test_a_sweep_is_named_in_full_or_by_what_the_settings_lack() -> None:
    """As `wandb agent` takes it."""
    account = Account("https://api.wandb.ai", "k", "me", "digits")
    assert account.address("you/letters/x1") == Address("you", "letters", "x1")
    assert account.address("letters/x1") == Address("me", "letters", "x1")
    assert account.address("x1") == Address("me", "digits", "x1")


@pytest.mark.parametrize("name", ["x1", "p/x1", "/p/x1", "e//x1", "e/p/", "a/b/c/d"])
def test_a_sweep_that_is_named_by_halves_is_refused(name: str) -> None:
    """The settings say nothing here."""
    with pytest.raises(UserError, match="does not say whose sweep it is") as error:
        Account("https://api.wandb.ai", "k").address(name)
    assert "ENTITY/PROJECT/ID" in error.value.next_step


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://api.wandb.ai", "https://wandb.ai/e/p%20q/sweeps/x"),
        ("https://api.lab.example", "https://app.lab.example/e/p%20q/sweeps/x"),
        ("http://127.0.0.1:8643", "http://127.0.0.1:8643/e/p%20q/sweeps/x"),
    ],
)
def test_the_page_of_a_sweep_is_where_people_look(url: str, page: str) -> None:
    """The address of the programs is another one."""
    assert Account(url, "k").page(Address("e", "p q", "x")) == page
