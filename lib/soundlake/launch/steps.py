"""Running the steps of the set-up: quiet when all is well, their output in a log, signs of life on stderr."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from soundlake.errors import SoundlakeError
from soundlake.launch.report import say

SIGN_OF_LIFE_SECONDS = 15


class Steps:
    """Runs commands one after another; all their output goes to `log`."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str] = os.environ) -> None:
        """Run a command to its end; raises SoundlakeError, with the last lines of its output, when it fails."""
        say(f"{name} ...")
        began = time.monotonic()
        with self.log.open("ab") as log:
            start = log.tell()
            process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                while True:
                    try:
                        code = process.wait(timeout=SIGN_OF_LIFE_SECONDS)
                        break
                    except subprocess.TimeoutExpired:
                        doing = self._last_lines(start, 1)
                        say(f"  {time.monotonic() - began:.0f} s" + (f": {doing}" if doing else ""))
            except BaseException:
                process.terminate()
                process.wait()
                raise
        if code != 0:
            raise SoundlakeError(f"{name} failed; all of it is in {self.log}, its end:\n{self._last_lines(start, 5)}")

    def _last_lines(self, start: int, count: int) -> str:
        with self.log.open("rb") as log:
            log.seek(start)
            text = log.read().decode("utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return "\n".join(line[:160] for line in lines[-count:])
