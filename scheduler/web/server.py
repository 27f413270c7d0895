"""The server of the live page: the standard library's, with a limit to everything that others can make it hold."""

from __future__ import annotations

import errno
import gzip
import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from typing import Any

from scheduler.web.answer import Answer, wrong
from scheduler.web.connections import MOST, PATIENCE, Connections, Incoming
from scheduler.web.guard import Asked
from scheduler.web.listening import HttpServer
from scheduler.web.site import Site

SEND = 60.0  # seconds in which an answer is taken
BEAT = 15.0  # seconds between two signs of life to whoever listens for news
BODY = 64 << 10  # bytes of what is sent to us
WORTH = 1000  # bytes from which on it is worth the time to compress
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


class Server(HttpServer):
    """That of the pages. OSError where the port is taken."""

    def __init__(self, site: Site, host: str, port: int, *, most: int = MOST, patience: float = PATIENCE) -> None:
        self.site, self.patience = site, patience
        self.connections = Connections(most)
        self._is_over = False
        super().__init__(host, port, Exchange)

    def serve(self) -> None:
        """Until `stop`."""
        while not self._is_over:
            self.handle_request()

    def stop(self) -> None:
        """From another thread."""
        self._is_over = True
        with suppress(OSError):
            socket.create_connection((self.server_name, self.server_port), timeout=5).close()

    def server_close(self) -> None:
        super().server_close()
        self.connections.close()

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self.connections.make_room()
                time.sleep(0.05)  # it would be asked for again at once
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.connections.enter(request):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.setblocking(False)
            request.send(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        self.connections.leave(request)
        super().shutdown_request(request)


class Exchange(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "exp-queue", ""
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._incoming = Incoming(self.connection, self.server.patience)
        self.rfile = BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        self._incoming.expect()
        try:
            super().handle_one_request()
        except (OSError, ValueError):  # it has gone, or what it sends is no HTTP
            self.close_connection = True
        finally:
            self.server.connections.idle(self.connection)

    def do_GET(self) -> None:
        asked = self._asked()
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # nobody reads what comes behind
        self._send(self.server.site.refused(asked) or self.server.site.answer(asked, b""))

    do_HEAD = do_GET  # noqa: N815 (the library looks for this name)

    def do_POST(self) -> None:
        asked = self._asked()
        refused = self.server.site.refused(asked) or self._too_long()
        if refused:
            self.close_connection = True  # its body is not read
            self._send(refused)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) == int(self.headers["Content-Length"]):
            self.server.connections.busy(self.connection)
            self._send(self.server.site.answer(asked, body))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """As the library calls it, for what it cannot read itself."""
        self.close_connection = True
        if code == 501:
            code, message = 405, "this page knows GET, HEAD and POST"
        self._send(wrong(code, message or "this is no request that can be answered"))

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads along."""

    def _asked(self) -> Asked:
        self.server.connections.busy(self.connection)
        names = {name.lower() for name in self.headers}
        return Asked(self.command, self.path, {name: "\n".join(self.headers.get_all(name, ())) for name in names})

    def _too_long(self) -> Answer | None:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return wrong(411, "what is sent says how long it is (Content-Length)")
        return wrong(413, f"what is sent has {BODY} bytes at most") if int(length) > BODY else None

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(SEND)
        headers = {**ALWAYS, "Cache-Control": "no-store", "Content-Type": answer.kind, **answer.headers}
        body = answer.body
        if answer.news is None:
            if "Content-Encoding" in headers:
                pass  # it is compressed already
            elif len(body) > WORTH and "gzip" in (getattr(self, "headers", None) or {}).get("Accept-Encoding", ""):
                body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
            headers["Content-Length"] = str(len(body))
            headers["Vary"] = "Accept-Encoding"
        else:
            self.close_connection = True
        if self.close_connection:
            headers["Connection"] = "close"
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD" or answer.status == 304:
            return
        if answer.news is not None:
            self._send_news(answer.news)
        else:
            self.wfile.write(body)

    def _send_news(self, place: str) -> None:
        """As events (https://html.spec.whatwg.org/multipage/server-sent-events.html), until one of us goes."""
        news = self.server.site.feed.news
        self.wfile.write(b"retry: 1000\n\n")
        while not news.is_over:
            found = news.wait(place, BEAT)
            if found is None:
                self.wfile.write(b"event: anew\ndata: {}\n\n")
                return
            pieces = [b"id: %b\nevent: news\ndata: %b\n\n" % (each.place.encode(), each.text) for each in found]
            self.wfile.write(b"".join(pieces) or b": still here\n\n")
            place = found[-1].place if found else place
        self.wfile.write(b"event: over\ndata: {}\n\n")
