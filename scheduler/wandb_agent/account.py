"""Which W&B server is meant and the key to it, found where W&B's own client finds them; that client itself is not loaded."""

from __future__ import annotations

import configparser
import netrc
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from urllib.parse import quote, urlsplit

from scheduler.errors import UserError
from scheduler.values import dataclass

CLOUD = "https://api.wandb.ai"
_FORM = "ENTITY/PROJECT/ID"
_WHOLE = re.compile(r"[^/\s=]+/[^/\s=]+/[A-Za-z0-9_-]+")
_LESS = re.compile(r"([^/\s=]+/)?[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Address:
    """A sweep at its server."""

    entity: str
    project: str
    id: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.id}"


@dataclass(frozen=True)
class Account:
    """A server and the key to it. `entity`, `project`: where things belong of which nobody says it; "": the server's choice."""

    url: str
    key: str = field(repr=False)
    entity: str = ""
    project: str = ""

    def page(self, sweep: Address) -> str:
        """Where a person sees the sweep."""
        scheme, _, host = self.url.partition("://")
        if host.startswith("api.wandb."):
            host = host.removeprefix("api.")
        elif host.startswith("api."):
            host = f"app.{host.removeprefix('api.')}"
        return f"{scheme}://{host}/{quote(sweep.entity)}/{quote(sweep.project)}/sweeps/{quote(sweep.id)}"

    def address(self, text: str) -> Address:
        """ENTITY/PROJECT/ID; without the first of these, what the settings say. UserError where that is nothing."""
        *before, sweep = text.split("/")
        project = before[-1] if before else self.project
        entity = before[-2] if len(before) > 1 else self.entity
        if len(before) > 2 or not (entity and project and sweep):
            next_step = f"write {_FORM}, as the page of the sweep has it, or set WANDB_ENTITY and WANDB_PROJECT"
            raise UserError(f'"{text}" does not say whose sweep it is, and of which project', next_step=next_step)
        return Address(entity, project, sweep)


def is_at_a_server(word: str, *, surely: bool) -> bool:
    """Whether the word names a sweep of a server, and no file. `surely`: it is at a server, and may leave out the rest of its
    name."""
    matches = _WHOLE.fullmatch(word) or (surely and _LESS.fullmatch(word))
    return bool(matches) and not Path(word).exists()


def account_of(environment: Mapping[str, str]) -> Account:
    """UserError where there is no key."""
    kept = _settings(environment)

    def given(name: str) -> str:
        return environment.get(f"WANDB_{name.upper()}") or kept.get(name, "")

    url = (given("base_url") or CLOUD).rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise UserError(f'WANDB_BASE_URL is "{url}", no address of a server', next_step=f"{CLOUD} is W&B's own")
    key = environment.get("WANDB_API_KEY") or _of_netrc(environment, urlsplit(url).netloc) or kept.get("api_key", "")
    if not key:
        next_step = "`wandb login` keeps one, or set WANDB_API_KEY; a sweep of a file that is decided here needs none"
        raise UserError(f"there is no key for the W&B server at {url}", next_step=next_step)
    return Account(url, key, given("entity"), given("project"))


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Those of the user, and over them those of the working directory."""
    found: dict[str, str] = {}
    home = Path(environment.get("HOME") or Path.home())
    folder = Path(environment.get("WANDB_CONFIG_DIR") or home / ".config" / "wandb")
    for path in (folder / "settings", Path(environment.get("WANDB_DIR") or ".") / "wandb" / "settings"):
        parser = configparser.ConfigParser(interpolation=None)
        with suppress(configparser.Error, OSError, UnicodeDecodeError):
            parser.read(path)
            found.update(parser["default"] if parser.has_section("default") else {})
    return found


def _of_netrc(environment: Mapping[str, str], host: str) -> str:
    for path in _netrc_files(environment):
        with suppress(netrc.NetrcParseError, OSError, UnicodeDecodeError):
            if found := netrc.netrc(str(path)).authenticators(host):
                return found[2] or ""
    return ""


def _netrc_files(environment: Mapping[str, str]) -> Iterator[Path]:
    if given := environment.get("NETRC"):
        yield Path(given).expanduser()
        return
    home = Path(environment.get("HOME") or Path.home())
    yield from (home / ".netrc", home / "_netrc")
