"""moto's AWS as a server of its own on a free port: each is an account in which nothing is there yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.emrserverless.models import EMRServerlessBackend
from moto.server import ThreadedMotoServer


@contextmanager
def moto_server(host: str = "127.0.0.1") -> Iterator[str]:
    """Run a server for as long as the context lasts; gives its URL, in which `host` is another name for 127.0.0.1."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        with patch.object(EMRServerlessBackend, "list_job_runs", _runs):
            yield f"http://{host}:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


@contextmanager
def enforced() -> Iterator[None]:
    """Have the servers of this process refuse every request that the policies of its role do not allow."""
    with (
        patch.object(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0),
        patch.object(ActionAuthenticatorMixin, "request_count", 0),
    ):
        yield


_list_job_runs = EMRServerlessBackend.list_job_runs


def _runs(self: EMRServerlessBackend, application_id: str, *rest: Any, **more: Any) -> Any:
    """The runs of an application: moto takes one without runs for one that is not there."""
    self.job_runs.setdefault(application_id, [])
    return _list_job_runs(self, application_id, *rest, **more)
