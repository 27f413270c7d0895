"""Who may ask the live page for what. Pure: from what stands in a request to why it is refused.

The page and its script are no secret. All that is known of jobs is given to whoever has the key, which the command prints in the
fragment of the page's address: no browser sends that part to anybody. The page hands it on in a header, so that no other page can
make a browser send it, as it could a cookie, which is no secret from other ports of the machine either.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import field
from ipaddress import ip_address
from urllib.parse import urlsplit

from scheduler.values import dataclass

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SECRET = ("/api/", "/media/", "/do/")  # what begins so needs the key
METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True)
class Asked:
    """A request. `headers` by their names in small letters; of one that came twice both values, a newline between them."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True)
class Rules:
    """`hosts`: the names under which the page is served; `key`: the secret; `read_only`: nothing may be changed; `addresses`:
    it is served at any address of this machine: no name of another can stand for one that is written in numbers."""

    hosts: frozenset[str]
    key: str
    read_only: bool = False
    addresses: bool = False

    def serves(self, name: str) -> bool:
        return bool(name) and (name in self.hosts or (self.addresses and is_address(name)))


@dataclass(frozen=True)
class Refusal:
    """The status of HTTP, and a sentence for a person."""

    status: int
    what: str


def refusal(asked: Asked, rules: Rules) -> Refusal | None:
    """Why this is not answered; None: it is."""
    if asked.method not in METHODS:
        return Refusal(405, f"{asked.method}: this page knows GET, HEAD and POST")
    if not asked.path.startswith("/"):
        return Refusal(400, "the path of a request begins with /")
    host = asked.header("host")
    if not rules.serves(name_of(host)):
        return Refusal(421, "this page is not served under this name; `exp-queue ui --host NAME` allows one")
    if why := _crossing(asked, host):
        return why
    if not asked.path.startswith(SECRET):
        return None if asked.method != "POST" else Refusal(405, "nothing can be changed here")
    if not holds_key(asked, rules):
        return Refusal(401, "the key is missing or another one: open the address that `exp-queue ui` has printed")
    return _changing(asked, rules)


def holds_key(asked: Asked, rules: Rules) -> bool:
    kind, _, key = asked.header("authorization").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(key.strip().encode(), rules.key.encode())


def proof(key: str, port: int, nonce: str) -> str:
    """What only a server with this key can say, about its own port: a page whose server has gone asks for it before it hands its
    key to whoever listens there now.

    >>> proof("secret", 8642, "a") == proof("secret", 8642, "a") != proof("secret", 8643, "a")
    True
    """
    return hmac.new(key.encode(), f"proof {port} {nonce}".encode(), "sha256").hexdigest()


def name_of(host: str) -> str:
    """The name in a Host header, without its port; "" for what is none.

    >>> name_of("LocalHost:8000"), name_of("[::1]:80"), name_of("127.0.0.1"), name_of("a@b"), name_of("a b"), name_of("a:x")
    ('localhost', '::1', '127.0.0.1', '', '', '')
    """
    if "@" in host or set(host) & set(" \t\n,\\%/?#"):
        return ""
    try:
        found = urlsplit(f"//{host}")
        return "" if found.port == 0 else (found.hostname or "").rstrip(".")
    except ValueError:  # a port that is no number, a bracket that is not closed
        return ""


def is_address(name: str) -> bool:
    """Whether it is an IP address, in numbers."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _crossing(asked: Asked, host: str) -> Refusal | None:
    """Another page's request. A browser says so itself, in headers that no page can write."""
    site, origin = asked.header("sec-fetch-site"), asked.header("origin")
    if site and site not in ("same-origin", "none") and (asked.method == "POST" or asked.path.startswith(SECRET)):
        return Refusal(403, "another page has asked for this")
    if origin and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
        return Refusal(403, "another page has asked for this")
    return None


def _changing(asked: Asked, rules: Rules) -> Refusal | None:
    changes = asked.path.startswith("/do/")
    if changes != (asked.method == "POST"):
        return Refusal(405, "what changes something is asked for by POST, and nothing else is")
    if changes and rules.read_only:
        return Refusal(403, "this page was started with --read-only: it changes nothing")
    if changes and asked.header("content-type").split(";")[0].strip().lower() != "application/json":
        return Refusal(415, "what changes something is asked for in JSON (Content-Type: application/json)")
    return None
