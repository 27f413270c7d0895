"""The configuration file of a user: so far it says who is told of what."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scheduler.errors import Place, UserError, nearest
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document, open_document
from scheduler.notify.channel import COMMAND, DESKTOP, EMAIL, FORMATS, SECURITIES, WEBHOOK, Channel, host_and_port
from scheduler.notify.event import KINDS
from scheduler.values import dataclass

VARIABLE = "EXP_QUEUE_CONFIG"
STILL_AFTER = 600.0  # seconds
_SECRETS = {"password": "password_variable", "token": "token_variable"}


@dataclass(frozen=True)
class Settings:
    """`channels` by name; `use`: those that are told where a command does not say; `still_after`: seconds for which nothing can
    start before that is told."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    use: tuple[str, ...] = ()
    still_after: float = STILL_AFTER


def path_of(environment: Mapping[str, str] = os.environ) -> Path:
    """$EXP_QUEUE_CONFIG, else exp-queue/config.yaml in the XDG configuration directory."""
    if given := environment.get(VARIABLE):
        return Path(given)
    return Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "exp-queue" / "config.yaml"


def read(path: Path, *, wanted: bool) -> Settings:
    """What the file at `path` says; nothing where there is none, unless it is `wanted`. UserError with its place for what is
    wrong."""
    if not wanted and not path.exists():
        return Settings()
    if path.exists() and not path.is_dir() and _says_nothing(path.read_bytes()):
        return Settings()
    document = open_document(str(path))
    try:
        top = _mapping(document, ("notify",))
        return Settings() if top.get("notify") is None else _Reader(document).settings()
    except UserError as error:  # with its place in words alone: the line that would be shown may hold a secret
        raise UserError(error.what, where=Place(str(error.where or path)), next_step=error.next_step) from None


def _says_nothing(content: bytes) -> bool:
    """Whether all of it is blank or a comment: somebody has taken the channels out for a while."""
    lines = (line.strip() for line in content.removeprefix(codecs.BOM_UTF8).splitlines())
    return all(not line or line.startswith(b"#") for line in lines)


def chosen(words: Sequence[str], settings: Settings) -> tuple[Channel, ...]:
    """The channels that `words` name, each once, and without words those that are used always. UserError for a word that is
    none."""
    if "none" in words:
        return ()
    found = {each.name: each for each in (_named(word, settings) for word in words or settings.use)}
    return tuple(found.values())


def _named(word: str, settings: Settings) -> Channel:
    form, _, rest = word.partition(":")
    if word in settings.channels:
        return settings.channels[word]
    if word == DESKTOP:
        return Channel(word, DESKTOP)
    if form in FORMATS and _is_url(rest):
        return Channel(form, WEBHOOK, (rest,), format=form)
    if _is_url(word):
        return Channel("webhook", WEBHOOK, (word,))
    if "@" in word and "/" not in word:
        return Channel("email", EMAIL, (word,))
    if "/" in word and os.access(word, os.X_OK):
        return Channel("command", COMMAND, (os.path.abspath(word),))  # noqa: PTH100 (a link's name may be what the program goes by)
    known = [*settings.channels, DESKTOP, "none"]
    raise UserError(
        f'"{word}" is nobody to notify: no channel of {path_of()}, no e-mail address, URL or program with a "/"',
        next_step=nearest(word, known),
    )


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class _Reader:
    """Reads the section `notify` of a document, each fault at its place."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._section: dict[str, Any] = _mapping(document, ("use", "at", "still_after", "channels"), "notify")

    def settings(self) -> Settings:
        at = self._read(_events, KINDS, "notify", "at")
        named = self._read(_unless_nothing(values.mapping, {}), {}, "notify", "channels")
        channels = {name: self._channel(str(name), at) for name in named}
        use = self._read(_unless_nothing(_texts, ()), (), "notify", "use")
        for name in use:
            if name not in channels:
                raise self._document.error(f'"{name}" is no channel', "notify", "use", next_step=nearest(name, channels))
        return Settings(channels, use, self._read(values.duration, STILL_AFTER, "notify", "still_after"))

    def _channel(self, name: str, at: tuple[str, ...]) -> Channel:
        where = ("notify", "channels", name)
        found = self._read(values.mapping, {}, *where)
        for key in found.keys() & _SECRETS.keys():
            next_step = f"write `{_SECRETS[key]}: NAME` and put it into the environment variable NAME"
            raise self._document.error(f"a {key} does not belong in this file", *where, str(key), key=True, next_step=next_step)
        kinds = found.keys() & {COMMAND, DESKTOP, EMAIL, WEBHOOK, "url_variable"}
        if len(kinds) != 1:
            what = "a channel has one of command, desktop, email, webhook and url_variable"
            raise self._document.error(what, *where, next_step=f"this one has {' and '.join(sorted(kinds)) or 'none'}")
        kind = kinds.pop()
        known = _KEYS[WEBHOOK if kind == "url_variable" else kind]
        self._document.refuse_unknown(found, (kind, "at", *known), *where)
        options = {key: self._read(read, None, *where, key) for key, read in known.items() if key in found}
        made = Channel(name, WEBHOOK if kind == "url_variable" else kind, self._read(_TO[kind], (), *where, kind), at, **options)
        return replace(made, at=self._read(_events, at, *where, "at"), url_variable=found.get("url_variable", ""))

    def _read(self, reader: Callable[[Any], Any], default: Any, *where: str) -> Any:
        value: Any = self._document.value
        for step in where:
            if step not in value:
                return default
            value = value[step]
        with self._document.at(*where):
            return reader(value)


def _mapping(document: Document, known: Sequence[str], *where: str) -> dict[str, Any]:
    """The mapping at `where`, every key known."""
    value: Any = document.value
    for step in where:
        value = value[step]
    with document.at(*where):
        found = values.mapping(value)
    document.refuse_unknown(found, known, *where)
    return found


def _unless_nothing(reader: Callable[[Any], Any], nothing: Any) -> Callable[[Any], Any]:
    """For a list or a mapping that may be empty, or that nothing stands behind."""
    return lambda value: nothing if value in (None, [], {}) else reader(value)


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) and value else [value]
    return tuple(values.text(each) for each in listed)


def _events(value: object) -> tuple[str, ...]:
    return tuple(values.choice(each, KINDS) for each in _texts(value))


def _words(value: object) -> tuple[str, ...]:
    """Of a command: a list as it is, a line by a shell."""
    return _texts(value) if isinstance(value, list) else ("sh", "-c", values.text(value))


def _addresses(value: object) -> tuple[str, ...]:
    found = _texts(value)
    for each in found:
        if "@" not in each or any(char.isspace() for char in each):
            raise values.expected("an e-mail address", each)
    return found


def _server(value: object) -> str:
    text = values.text(value)
    try:
        host_and_port(text)
    except ValueError:
        raise values.expected("a host or host:port, the port as a number", text) from None
    return text


def _url(value: object) -> tuple[str, ...]:
    if not _is_url(text := values.text(value)):  # which is not shown: it may hold a secret
        raise UserError("expected a URL that begins with https://", next_step="one that is secret is named by `url_variable`")
    return (text,)


def _yes(value: object) -> tuple[str, ...]:
    if value is not True:
        raise values.expected("true", value, "take the channel out if it is not wanted")
    return ()


def _variable(value: object) -> str:
    return _one(values.variables([value]))


def _one(found: Iterable[str]) -> str:
    return next(iter(found))


def _no_address(value: object) -> tuple[str, ...]:
    _variable(value)
    return ()


_TO = {COMMAND: _words, DESKTOP: _yes, EMAIL: _addresses, WEBHOOK: _url, "url_variable": _no_address}
_KEYS: dict[str, dict[str, Callable[[Any], Any]]] = {
    COMMAND: {},
    DESKTOP: {},
    EMAIL: {
        "server": _server,
        "security": lambda value: values.choice(value, SECURITIES),
        "sender": values.text,
        "user": values.text,
        "password_variable": _variable,
    },
    WEBHOOK: {"format": lambda value: values.choice(value, FORMATS), "token_variable": _variable},
}
