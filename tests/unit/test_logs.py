"""What jobs log: one line an event, with its level and context, on stderr."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from soundlake.logs import get_log

PROGRAM = """
from soundlake.logs import get_log, set_up
set_up("{level}")
get_log("soundlake.stream").info("refined", batch=7, reason="a lock was held")
"""


def stderr_at(level: str) -> str:
    """What a process logs at a level."""
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(level=level)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    return done.stderr


def test_a_line_has_time_level_module_and_context() -> None:
    time, line = stderr_at("INFO").split(" ", 1)
    assert line == 'INFO soundlake.stream: refined batch=7 reason="a lock was held"\n'
    assert time.endswith("Z")


def test_what_is_below_the_level_is_left_out() -> None:
    assert stderr_at("WARNING") == ""


def test_context_may_hold_percent_signs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "soundlake")
    get_log("soundlake.lake").info("wrote 5%", path="a%20b")
    assert caplog.messages == ["wrote 5% path=a%20b"]
