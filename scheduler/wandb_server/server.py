"""The server's connections: the standard library's, with a limit to what others can make it hold."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.site import Reply, Request, refusal, reply, upload_of
from scheduler.web.listening import HttpServer

LARGEST_BODY = 256 << 20  # bytes of what is no file
PIECE = 1 << 20
PATIENCE = 120.0  # seconds without a byte


class Server(HttpServer):
    """That of W&B's client. OSError where the port is taken."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk = desk
        super().__init__("127.0.0.1", port, Exchange)


class TooLong(Exception):
    """More is sent than is taken."""


class Exchange(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "exp-queue", ""
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def _answer(self) -> None:
        request = Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        refused = refusal(self.server.desk, request)
        if refused:
            self.close_connection = True  # its body is not read
            self._send(refused)
            return
        try:
            found = self._taken(request)
        except TooLong:
            self.close_connection = True
            found = Reply(413, {"error": f"more than {LARGEST_BODY:,} bytes are sent"})
        except (ValueError, EOFError, zlib.error):
            self.close_connection = True
            found = Reply(400, {"error": "the body of this request cannot be read"})
        except OSError as error:
            self.close_connection = True
            found = Reply(507, {"error": f"cannot be kept: {error.strerror or error}"})
        self._send(found)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 (the library looks for these names)

    def _taken(self, request: Request) -> Reply:
        if request.method != "PUT":
            return reply(self.server.desk, request, self._body())
        found = upload_of(self.server.desk, request)
        path = self.server.desk.runs.folder(found[0]).file(found[1]) if found else None
        if found is None or path is None:
            self.close_connection = True
            return Reply(403, {"error": "this is no address for a file that was asked for"})
        self._keep(path)
        self.server.desk.look(found[0])
        return Reply(200, {})

    def _keep(self, path: Path) -> None:
        """Whole, or not at all."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{os.getpid()}-{id(self):x}")
        try:
            with draft.open("xb") as file:
                for piece in self._pieces():
                    file.write(piece)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _body(self) -> bytes:
        pieces, size = [], 0
        for piece in self._pieces():
            size += len(piece)
            if size > LARGEST_BODY:
                raise TooLong
            pieces.append(piece)
        whole = b"".join(pieces)
        if self.headers.get("Content-Encoding") != "gzip":
            return whole
        opened = zlib.decompressobj(wbits=31).decompress(whole, LARGEST_BODY)
        if len(opened) == LARGEST_BODY:
            raise TooLong
        return opened

    def _pieces(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(100).split(b";")[0], 16):
                yield from self._exactly(size)
                self.rfile.readline(100)
            self.rfile.readline(100)
            return
        yield from self._exactly(int(self.headers.get("Content-Length") or 0))

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size > 0:
            piece = self.rfile.read(min(size, PIECE))
            if not piece:
                raise EOFError
            size -= len(piece)
            yield piece

    def _send_file(self, path: Path) -> None:
        with suppress(OSError), path.open("rb") as file:
            self.send_response(200)
            for name, value in (("Content-Type", "application/octet-stream"), ("X-Content-Type-Options", "nosniff")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.end_headers()
            shutil.copyfileobj(file, self.wfile, PIECE)

    def _send(self, found: Reply) -> None:
        if found.file:
            self._send_file(found.file)
            return
        body, kind = found.text.encode(), "text/plain; charset=utf-8"
        if not found.text:
            body, kind = json.dumps(found.value).encode(), "application/json"
        with suppress(OSError):
            self.send_response(found.status)
            headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
            if len(body) > PIECE >> 4 and "gzip" in self.headers.get("Accept-Encoding", ""):
                body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
            headers["Content-Length"] = str(len(body))
            if self.close_connection:
                headers["Connection"] = "close"
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads along."""
