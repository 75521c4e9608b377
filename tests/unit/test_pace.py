"""When changes that wait are applied."""

from __future__ import annotations

import pytest

from soundlake.refine.pace import MANY_BYTES, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def after(seconds: float, took: float = 0.0) -> Pace:
    """A pace of five minutes, so many seconds after its last application."""
    clock = Clock()
    pace = Pace(300, clock)
    with pace.measured():
        clock.now += took
    clock.now += seconds
    return pace


def test_changes_wait_until_the_interval_has_passed() -> None:
    assert (after(299).is_due(1), after(300).is_due(1)) == (False, True)


def test_where_nothing_waits_nothing_is_due() -> None:
    assert not after(1_000).is_due(0)


def test_where_nothing_waited_the_next_look_is_an_interval_later() -> None:
    pace = after(300)
    pace.is_due(0)
    assert not pace.has_come()


def test_looking_early_where_nothing_waits_delays_nothing() -> None:
    clock = Clock()
    pace = Pace(300, clock)
    clock.now = 200
    pace.is_due(0)
    clock.now = 300
    assert pace.is_due(1)


def test_many_changes_are_due_at_once() -> None:
    assert after(0).is_due(MANY_BYTES)


def test_applications_take_a_tenth_of_the_time_at_most() -> None:
    assert (after(599, took=60).is_due(1), after(600, took=60).is_due(1)) == (False, True)


def test_an_application_that_fails_is_not_tried_again_at_once() -> None:
    clock = Clock()
    pace = Pace(300, clock)
    clock.now = 300
    with pytest.raises(ZeroDivisionError), pace.measured():
        _ = 1 / 0
    assert not pace.is_due(1)
