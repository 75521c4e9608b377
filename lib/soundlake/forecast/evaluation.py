"""Evaluation of past forecasts: the error of each method, and which one is published. Needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from soundlake.recommend.evaluation import Interval, Values, interval, is_better

MODEL = "model"
LAST_WEEK = "same as last week"
SHARE_STAYED = "share that stayed"
_FEWEST_GROUPS = 6  # charts and weeks; the interval of fewer says nothing
_SIMPLE = {"position": (LAST_WEEK,), "survival": (SHARE_STAYED, LAST_WEEK)}


@dataclass(frozen=True)
class PastForecast:
    """A forecast for a week that is over: its chart and day, the forecast values, and the actual ones."""

    playlist_id: str
    day: str
    position: float
    forecast_position: float
    survival: float
    share_stayed: float
    label: float
    stayed: float


@dataclass(frozen=True)
class Error:
    """The error of one method for one measure."""

    measure: str
    method: str
    interval: Interval
    is_published: bool


def evaluate(forecasts: Sequence[PastForecast]) -> list[Error]:
    """The errors of all methods, with the one to publish for each measure.

    The model is published where it was tried often enough and beats every baseline, by the interval of the paired
    differences over charts and weeks, within which errors are correlated; otherwise the best baseline is.
    """
    errors = []
    for measure, simple in _SIMPLE.items():
        values = {method: _by_chart_and_week(forecasts, measure, method) for method in (MODEL, *simple)}
        published = _published(values, simple)
        errors += [Error(measure, name, interval(found), name == published) for name, found in values.items()]
    return errors


def _published(values: Mapping[str, Values], simple: Sequence[str]) -> str:
    best = min(simple, key=lambda method: float(values[method].mean()))
    is_known = len(values[MODEL]) >= _FEWEST_GROUPS
    is_best = is_known and all(is_better(-values[MODEL], -values[method]) for method in simple)
    return MODEL if is_best else best


def _by_chart_and_week(forecasts: Sequence[PastForecast], measure: str, method: str) -> Values:
    groups: dict[tuple[str, str], list[float]] = {}
    for one in forecasts:
        groups.setdefault((one.playlist_id, one.day), []).append(_error(one, measure, method))
    return np.array([np.mean(groups[key]) for key in sorted(groups)])


def _error(one: PastForecast, measure: str, method: str) -> float:
    if measure == "position":
        return abs({MODEL: one.forecast_position, LAST_WEEK: one.position}[method] - one.label)
    said = {MODEL: one.survival, SHARE_STAYED: one.share_stayed, LAST_WEEK: 1.0}[method]
    return (said - one.stayed) ** 2
