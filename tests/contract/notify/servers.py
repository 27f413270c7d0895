"""Small real servers that keep what they are sent."""

from __future__ import annotations

import socketserver
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from types import MappingProxyType
from typing import Any


class Mails(socketserver.ThreadingTCPServer):
    """SMTP (RFC 5321) as far as a client that sends one message needs it; `offers` are its extensions. `tls` is what STARTTLS
    begins, or, `at_once`, every connection; `heard` then marks what came inside of it by a `*`."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, *offers: str, tls: ssl.SSLContext | None = None, at_once: bool = False) -> None:
        self.offers, self.tls, self.at_once, self.heard = offers, tls, at_once, []
        super().__init__(("127.0.0.1", 0), _Mail)

    def handle_error(self, *_: Any) -> None:
        """A client that does not trust the certificate goes."""


class _Mail(socketserver.StreamRequestHandler):
    server: Mails
    inside = ""

    def handle(self) -> None:
        if self.server.at_once:
            self.go_inside()
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(self.inside + line)
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.say("250-test")
                for offer in self.server.offers:
                    self.say(f"250-{offer}")
                self.say("250 ok")
            elif verb == "AUTH":
                self.say("235 welcome")
            elif verb == "STARTTLS":
                self.say("220 go on")
                self.go_inside()
            elif verb == "DATA":
                self.say("354 go on")
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    self.server.heard.append(self.inside + text)
                self.say("250 taken")
            else:
                self.say("221 bye" if verb == "QUIT" else "250 ok")

    def go_inside(self) -> None:
        assert self.server.tls
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.inside = "*"
        self.setup()

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Posts(HTTPServer):
    """Keeps path, headers and body of every POST, and in `heard` the first line of every request; answers with `status` and
    `more` headers, once `open` is set."""

    def __init__(self, status: int = 200, more: Mapping[str, str] = MappingProxyType({})) -> None:
        self.status, self.more, self.posts, self.heard, self.open, self.asked = status, more, [], [], Event(), Event()
        self.open.set()
        super().__init__(("127.0.0.1", 0), _Post)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/geheim"


class _Post(BaseHTTPRequestHandler):
    server: Posts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posts.append((self.path, dict(self.headers), body))
        self.server.asked.set()
        self.server.open.wait(100)
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        self.server.heard.append(self.requestline)
        self.send_response(self.server.status)
        for name, value in self.server.more.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Nobody reads it."""


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
