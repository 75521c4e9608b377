"""A child process that never outlives the test run, however that ends."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from time import monotonic
from typing import ClassVar

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_LOOK_AGAIN_SECONDS = 0.1


class ServiceProcess:
    """One running service; its output goes to `log`.

    It leads a process group of its own, so that Ctrl-C in the terminal does not reach it before its users are done. It
    is stopped at the end of this program, and on Linux by the kernel when this program is killed, or when the thread
    that started it ends: start services in the main thread. `started` lists those that were not stopped since.
    """

    started: ClassVar[list[ServiceProcess]] = []

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str],
        *,
        pipes: bool = False,
        cwd: Path | None = None,
    ) -> None:
        pipe = subprocess.PIPE if pipes else None
        self.log = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                command,
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or output,
                stderr=output,
                env=dict(env),
                cwd=cwd,
                text=True,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it makes one system call
            )
        self.started.append(self)
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, SIGKILL after a while; nothing happens to a process that has ended."""
        atexit.unregister(self.stop)
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self in self.started:
            self.started.remove(self)
        if self.is_running():
            os.killpg(self.pid, number)
            try:
                self.popen.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.popen.wait()

    def await_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until the service says it is ready; raises RuntimeError, with the end of its log, when it does not."""
        deadline = monotonic() + seconds
        while not is_ready():
            if not self.is_running() or monotonic() > deadline:
                state = "not ready in time" if self.is_running() else f"ended with {self.popen.returncode}"
                self.stop()
                raise RuntimeError(f"{self.popen.args!r}: {state}; the end of {self.log}:\n{self.end_of_log()}")
            Event().wait(_LOOK_AGAIN_SECONDS)

    def end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
