"""What is published of forecasts, and with which error."""

from __future__ import annotations

import numpy as np

from soundlake.forecast.evaluation import LAST_WEEK, MODEL, SHARE_STAYED, Error, PastForecast, evaluate

RNG = np.random.default_rng(4)


def made(model_error: float, *, weeks: int = 8, survival: float = 0.9) -> list[PastForecast]:
    """Forecasts of two charts: places move by some four in a week, the model is wrong by so many."""
    forecasts = []
    for chart in ("a", "b"):
        for week in range(weeks):
            for place in range(1, 51):
                later = float(np.clip(place + RNG.normal(scale=5.0), 1, 51))
                said = later + float(RNG.normal(scale=model_error))
                stayed = float(RNG.random() < 0.9)
                forecasts.append(PastForecast(chart, str(week), place, said, survival, 0.9, later, stayed))
    return forecasts


def published(errors: list[Error]) -> dict[str, str]:
    return {error.measure: error.method for error in errors if error.is_published}


def test_a_model_that_is_better_than_last_week_is_published() -> None:
    assert published(evaluate(made(1.0)))["position"] == MODEL


def test_a_model_that_is_worse_or_no_better_is_not_published() -> None:
    assert published(evaluate(made(12.0)))["position"] == LAST_WEEK
    assert published(evaluate(made(5.0)))["position"] == LAST_WEEK


def test_the_errors_of_all_ways_are_told_with_their_intervals() -> None:
    errors = {(error.measure, error.method): error.interval for error in evaluate(made(1.0))}
    assert errors.keys() == {
        ("position", MODEL),
        ("position", LAST_WEEK),
        ("survival", MODEL),
        ("survival", SHARE_STAYED),
        ("survival", LAST_WEEK),
    }
    assert 0.7 < errors["position", MODEL].mean < 0.9
    assert all(found.low <= found.mean <= found.high for found in errors.values())


def test_a_model_of_survival_that_says_no_more_than_the_share_is_not_published() -> None:
    assert published(evaluate(made(1.0, survival=0.9)))["survival"] == SHARE_STAYED


def test_a_model_that_was_tried_on_few_weeks_is_not_published() -> None:
    assert published(evaluate(made(1.0, weeks=2)))["position"] == LAST_WEEK
    assert published(evaluate(made(1.0, weeks=3)))["position"] == MODEL


def test_one_lucky_week_is_not_enough() -> None:
    good_week, bad_weeks = made(1.0, weeks=1), made(9.0, weeks=7)
    other = [PastForecast(**{**vars(one), "day": f"later {one.day}"}) for one in bad_weeks]
    assert published(evaluate([*good_week, *other]))["position"] == LAST_WEEK
