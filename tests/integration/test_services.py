"""The services that tests run: they end with whoever started them, and answer for nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from helpers.services.kafka import Broker
from helpers.services.kinesis import Emulator

TESTS = Path(__file__).parents[1]
STARTER = """
import sys
sys.path.insert(0, sys.argv[1])
from helpers.services.kinesis import kinesis_emulator
with kinesis_emulator() as emulator:
    print(emulator.pid, flush=True)
    sys.stdin.readline()
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("end", ["kill", "terminate", "leave"])
def test_a_service_ends_with_the_program_that_started_it(end: str) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(TESTS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert is_alive(pid)
    if end == "leave":
        starter.communicate("\n", timeout=30)
    else:
        getattr(starter, end)()
    starter.wait(timeout=30)
    deadline = monotonic() + 10
    while is_alive(pid):
        assert monotonic() < deadline
        Event().wait(0.05)


def test_an_emulator_outlives_a_client_that_goes_away_in_the_middle(kinesis: Emulator) -> None:
    import socket

    host, _, port = kinesis.endpoint_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert kinesis.new_stream().open_shards() == ["shardId-000000000000"]


def test_a_broker_that_another_answers_for_is_refused(kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "cluster_id", "AAAAAAAAAAAAAAAAAAAAAA")
    with pytest.raises(RuntimeError, match="is answered by another cluster"):
        kafka.await_ready()


def test_services_listen_on_this_machine_only(kafka: Broker, kinesis: Emulator) -> None:
    for pid in (kafka.pid, kinesis.pid):
        inodes = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
        listening = []
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                    listening.append(fields[1].rpartition(":")[0])
        assert listening
        local = {"0100007F", "0000000000000000FFFF00000100007F"}
        assert set(listening) <= local
