"""How a job ends when it is stopped: it says so, without a traceback, and exits 130."""

from __future__ import annotations

import pytest

from soundlake.launch.report import reported

SAID = "soundlake: stopped: what was committed stays, and the same command goes on from there\n"


def interrupted_call() -> None:
    try:
        raise KeyboardInterrupt
    finally:
        clean_up()


def clean_up() -> None:
    raise ConnectionRefusedError("the JVM is gone")


def test_ctrl_c_is_told_and_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, reported():
        raise KeyboardInterrupt
    assert (ended.value.code, capsys.readouterr().err) == (130, SAID)


def test_what_fails_while_ctrl_c_is_cleaned_up_is_told_as_the_stop_that_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended, reported():
        interrupted_call()
    assert (ended.value.code, capsys.readouterr().err) == (130, SAID)


def test_a_fault_of_its_own_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), reported():
        _ = 1 / 0
