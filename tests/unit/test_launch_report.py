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


def test_a_fault_of_the_clean_up_itself_is_told_beside_the_stop(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted_on_a_full_disk() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise OSError(28, "No space left on device")

    with pytest.raises(SystemExit) as ended, reported():
        interrupted_on_a_full_disk()
    told = "soundlake: an error while stopping: OSError: [Errno 28] No space left on device\n"
    assert (ended.value.code, capsys.readouterr().err) == (130, told + SAID)


def test_errors_that_cause_each_other_are_a_fault_too() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(ValueError, match="first"), reported():
        raise first


def test_what_was_interrupted_is_found_behind_the_cause_of_another_error() -> None:
    error = ValueError("told otherwise")
    error.__cause__, error.__context__ = KeyError("the cause"), KeyboardInterrupt()
    with pytest.raises(SystemExit), reported():
        raise error


def test_a_fault_of_its_own_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), reported():
        _ = 1 / 0
