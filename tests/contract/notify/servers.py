"""Small real servers that keep what they are sent."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import Any


class Mails(socketserver.ThreadingTCPServer):
    """SMTP (RFC 5321) as far as a client that sends one message needs it; `offers` are its extensions."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, *offers: str) -> None:
        self.offers, self.heard = offers, []
        super().__init__(("127.0.0.1", 0), _Mail)


class _Mail(socketserver.StreamRequestHandler):
    server: Mails

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.say("250-test")
                for offer in self.server.offers:
                    self.say(f"250-{offer}")
                self.say("250 ok")
            elif verb == "AUTH":
                self.say("235 welcome")
            elif verb == "DATA":
                self.say("354 go on")
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    self.server.heard.append(text)
                self.say("250 taken")
            else:
                self.say("221 bye" if verb == "QUIT" else "250 ok")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Posts(HTTPServer):
    """Keeps path, headers and body of every POST; answers with `status`, once `open` is set."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.posts, self.open, self.asked = status, [], Event(), Event()
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
        self.send_response(self.server.status)
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
