"""Whom the server of the dashboard answers: the real one, asked by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from helpers.services.dashboard import dashboard

pytestmark = pytest.mark.heavy

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dashboard")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """The port of a server whose browser only tells what it has to open."""
    (folder / "lake" / "bronze").mkdir(parents=True)
    os.mkfifo(folder / "opened")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROWSER", f"sh -c 'echo %s > {folder}/opened'")
        told = ("--browser", "--set", "dashboard.hosts=sound.example")
        with dashboard(folder / "lake", folder / "log", *told) as url:
            yield int(url.rpartition(":")[2])


def status(port: int, path: str, host: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Host": host, **headers})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/host-config"])
@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:8501", "127.0.0.1.rebound.example", ""])
def test_a_name_that_was_made_to_mean_this_machine_gets_nothing(port: int, path: str, host: str) -> None:
    assert status(port, path, host) == 400


def test_a_page_elsewhere_cannot_listen_to_the_dashboard(port: int) -> None:
    host = "rebound.example:8501"
    assert status(port, "/_stcore/stream", host, Origin=f"http://{host}", **UPGRADE) == 403


@pytest.mark.parametrize("host", ["localhost:{}", "127.0.0.1:{}", "[::1]:{}", "192.0.2.7:{}", "Sound.Example"])
def test_this_machine_an_address_and_a_proxys_name_are_answered(port: int, host: str) -> None:
    host = host.format(port)
    assert status(port, "/_stcore/health", host) == 200
    assert status(port, "/_stcore/stream", host, Origin=f"http://{host}", **UPGRADE) == 101


@pytest.mark.timeout(60)
def test_a_browser_is_opened_with_the_page(port: int, folder: Path) -> None:
    assert (folder / "opened").read_text() == f"http://127.0.0.1:{port}\n"
