"""A web server on this machine that can be made to fail in the ways that servers do, and keeps a log."""

import contextlib
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """What goes wrong in one request.

    Args:
        status: An error, or a redirect, instead of the file.
        headers: Sent besides the usual ones, or instead of them; None leaves one out.
        after: How many bytes of the body are sent before the connection breaks.
        stall: Seconds for which nothing comes before it breaks.
        trickle: Seconds between one byte and the next; 0 where all come at once.
    """

    status: int | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    after: int | None = None
    stall: float = 0.0
    trickle: float = 0.0


@dataclass
class Served:
    """A request in the log."""

    path: str
    range: str | None
    if_range: str | None
    status: int
    sent: int = 0


@dataclass
class Server:
    """The files of a server, its faults and its log.

    `faults` holds those of the next requests for a path, one each; `always` those of every request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    tags: bool = True
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    always: dict[str, Fault] = field(default_factory=dict)
    log: list[Served] = field(default_factory=list)

    def asked(self) -> list[tuple[str, str | None]]:
        """Path and range of each request."""
        return [(entry.path, entry.range) for entry in self.log]

    def start(self) -> ThreadingHTTPServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with contextlib.suppress(ConnectionError):  # the other end has had enough
                    server.serve(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        http.daemon_threads = True
        self.url = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return http

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        waiting = self.faults[handler.path]
        fault = waiting.pop(0) if waiting else self.always.get(handler.path, Fault())
        entry = Served(handler.path, handler.headers["Range"], handler.headers["If-Range"], 200)
        self.log.append(entry)
        body = self.files.get(handler.path)
        if fault.status or body is None:
            entry.status = fault.status or 404
            self.head(handler, entry.status, {"Content-Length": "0", **fault.headers})
            return
        start, headers = 0, {"ETag": self.tag(body)} if self.tags else {}
        asked = re.fullmatch(r"bytes=(\d+)-", entry.range or "")
        if asked and self.ranges and entry.if_range in (None, self.tag(body)):
            start, entry.status = int(asked[1]), 206
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if start >= len(body):
            entry.status = 416
            self.head(handler, 416, {"Content-Length": "0", "Content-Range": f"bytes */{len(body)}"})
            return
        self.head(handler, entry.status, {**headers, "Content-Length": str(len(body) - start), **fault.headers})
        sent = body[start:] if fault.after is None else body[start : start + fault.after]
        entry.sent = len(sent)
        for piece in [sent[index : index + 1] for index in range(len(sent))] if fault.trickle else [sent]:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(fault.trickle)
        time.sleep(fault.stall)

    @staticmethod
    def tag(body: bytes) -> str:
        return f'"{hash(body):x}"'

    @staticmethod
    def head(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str | None]) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
