"""A way to reach a person, as a value. It names the variables that hold secrets, and holds none."""

from __future__ import annotations

from urllib.parse import urlsplit

from scheduler.notify.event import KINDS, TEST
from scheduler.values import dataclass

COMMAND, DESKTOP, EMAIL, WEBHOOK = "command", "desktop", "email", "webhook"
FORMATS = ("json", "slack", "ntfy")
SECURITIES = ("tls", "starttls", "none")


class Undelivered(Exception):
    """A notification was not sent, and why."""


def host_and_port(server: str) -> tuple[str, int | None]:
    """Of `host`, `host:port`, or an address in brackets. ValueError for anything else."""
    parts = urlsplit(f"//{server}")
    if not parts.hostname or parts.netloc != server or any(letter in "@ " for letter in server):
        raise ValueError(server)
    return parts.hostname, parts.port


@dataclass(frozen=True)
class Channel:
    """`to`: the words of a command, the addresses of an e-mail, the URL of a webhook; nothing for the desktop, and nothing where
    `url_variable` names it. `server`: host or host:port; empty: the machine's own sendmail."""

    name: str
    kind: str
    to: tuple[str, ...] = ()
    at: tuple[str, ...] = KINDS
    format: str = "json"
    server: str = ""
    security: str = "tls"
    sender: str = ""
    user: str = ""
    password_variable: str = ""
    url_variable: str = ""
    token_variable: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that hold its secrets."""
        return tuple(filter(None, (self.password_variable, self.url_variable, self.token_variable)))

    def wants(self, kind: str) -> bool:
        return kind == TEST or kind in self.at

    @property
    def says(self) -> str:
        """Where it leads, for people. Of a URL the host alone: many services put a secret into the rest."""
        if self.kind == WEBHOOK:
            where = f"${self.url_variable}" if self.url_variable else urlsplit(self.to[0]).hostname
            return f"webhook to {where} ({self.format})"
        if self.kind == EMAIL:
            return f"e-mail to {', '.join(self.to)} by {f'{self.server} ({self.security})' if self.server else 'sendmail'}"
        return f"the command {self.to[0]}" if self.kind == COMMAND else "the desktop, by notify-send"
