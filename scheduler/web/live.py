"""The live page, served."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.values import dataclass
from scheduler.web import key
from scheduler.web.feed import Feed
from scheduler.web.guard import LOOPBACK, Rules
from scheduler.web.server import Server
from scheduler.web.site import Site

TRIES = 20  # ports


@dataclass(frozen=True)
class Served:
    """`url` has the key in its fragment."""

    server: Server
    url: str
    port: int
    is_local: bool

    def serve(self) -> None:
        """Until a Ctrl-C, or until the server is told to stop."""
        self.server.serve()


@contextmanager
def served(
    home: Home, hosts: Sequence[str] = (), port: int | None = None, *, read_only: bool = False, say: Callable[[str], None]
) -> Iterator[Served]:
    """The page for this queue, at an address that nobody else listens at. `hosts`: the first is where it listens, all are names
    under which it is asked for; `port`: None: the one of the last time or, where that is taken, the next that is free. UserError
    where it cannot listen there."""
    if "" in hosts:  # an empty variable of a script; to a socket it means every network
        raise UserError("--host has no name", next_step="leave it out for 127.0.0.1; 0.0.0.0 is all addresses of this machine")
    before = key.kept(home)
    host, local = (hosts or ("127.0.0.1",))[0], not hosts or hosts[0] in LOOPBACK
    names = LOOPBACK | {each.lower() for each in hosts} | (set() if local else {socket.gethostname().lower()})
    feed = Feed(home, say, {"title": "All experiments", "notes": "", "read_only": read_only})
    site = Site(home, feed, Rules(frozenset(names), before.key, read_only, addresses=not local))
    server = _listening(site, host, [port] if port else [*range(before.port, min(before.port + TRIES, 1 << 16)), 0])
    key.keep(home, key.Kept(before.key, server.server_port))
    site.port = feed.about["port"] = server.server_port
    feed.start()
    threading.Thread(target=site.prepare, name="curves", daemon=True).start()
    try:
        shown = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104
        name = f"[{shown}]" if ":" in shown else shown
        yield Served(server, f"http://{name}:{server.server_port}/#token={before.key}", server.server_port, local)
    finally:
        server.server_close()
        feed.close()


def _listening(site: Site, host: str, ports: Sequence[int]) -> Server:
    for port in ports:
        try:
            return Server(site, host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _deaf(host, port, error) from None
            taken = error
    raise _deaf(host, ports[0], taken)


def _deaf(host: str, port: int, error: OSError) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError(f"port {port} is taken", next_step="without --port the next free one is found")
    if error.errno == errno.EACCES:
        return UserError(f"port {port} is not for everybody", next_step="one of 1024 and above is")
    return UserError(
        f"cannot listen at {host}, port {port}: {error.strerror or error}", next_step="leave out --host for 127.0.0.1"
    )
