"""A proxy in front of an HTTP service that fails requests: before the work, or after it, with the answer lost.

Bytes and headers pass as they are, Host too, so that signatures hold.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

from helpers.services.http import serving

_NOT_PASSED_ON = {"connection", "expect", "keep-alive", "transfer-encoding"}
_SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>"

When = Literal["before", "after"]


@dataclass
class Fault:
    """Requests of a method whose path matches fail so many times, with a status, or with the connection cut at 0."""

    method: str
    path: str
    when: When
    times: int
    status: int = 503

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and re.search(self.path, path) is not None


@dataclass
class Proxy:
    """What fails, and what did; requests as (method, path)."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    passed: list[tuple[str, str, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, method: str, path: str, when: When, times: int = 1, status: int = 503) -> None:
        """Fail the next requests that match."""
        self.faults.append(Fault(method, path, when, times, status))

    def heal(self) -> None:
        """Fail nothing any more."""
        self.faults.clear()

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.fits(method, path):
                    fault.times -= 1
                    self.failed.append((method, path))
                    return fault
        return None


@contextmanager
def faulty_proxy(target: str) -> Iterator[Proxy]:
    """Run a proxy to the service at `target` on a free port of this machine."""
    proxy, upstream = Proxy(), urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = proxy.fault_for(self.command, self.path)
            if fault is not None and fault.when == "before":
                self._fail(fault)
                return
            connection = HTTPConnection(upstream, timeout=60)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _NOT_PASSED_ON:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            content = answer.read()
            proxy.passed.append((self.command, self.path, answer.status))
            connection.close()
            if fault is not None:
                self._fail(fault)
                return
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _NOT_PASSED_ON | {"content-length"}:
                    self.send_header(name, value)
            is_head = self.command == "HEAD"
            self.send_header(
                "Content-Length", (answer.getheader("Content-Length") if is_head else None) or str(len(content))
            )
            self.end_headers()
            if not is_head:
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815

        def _fail(self, fault: Fault) -> None:
            self.close_connection = True
            if fault.status:
                content = b"" if self.command == "HEAD" else _SLOW_DOWN
                self.send_response(fault.status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is its own affair."""

    with serving(Server(("127.0.0.1", 0), Handler)) as proxy.url:
        yield proxy
