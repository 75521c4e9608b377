"""moto's AWS as a server of its own on a free port: each is an account in which nothing is there yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def moto_server(host: str = "127.0.0.1") -> Iterator[str]:
    """Run a server for as long as the context lasts; gives its URL, in which `host` is another name for 127.0.0.1."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield f"http://{host}:{server.get_host_and_port()[1]}"
    finally:
        server.stop()
