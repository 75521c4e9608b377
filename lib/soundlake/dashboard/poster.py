"""A listener's year as one picture: an SVG of fixed size that needs no fonts but the viewer's."""

from __future__ import annotations

from html import escape
from unicodedata import east_asian_width

import pandas as pd

from soundlake.dashboard.colours import GREEN, ORANGE, SKY
from soundlake.dashboard.drawn import WEEKDAYS
from soundlake.dashboard.listener import Heard

WIDTH, HEIGHT = 1080, 1350
_EDGE = 70
_INK, _PAPER, _FAINT = "#FFFFFF", "#0E2233", "#A9BAC8"
_LISTED = 5
_MOST_LETTERS = 30  # of a name; those of Japanese are twice as wide


def poster(of_year: Heard, user: str, year: int, *, is_made_up: bool) -> str:
    """The SVG of a year that has at least one play; `is_made_up` says so in the picture."""
    source = "a made-up listener of the sample" if is_made_up else "plays of tracks"
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_PAPER}"/>',
        _text(_EDGE, 130, f"{year} in music", 72, weight=700),
        _text(_EDGE, 180, user, 32, _FAINT),
        *_numbers(of_year),
        *_months(of_year.months, 430),
        *_hours(of_year.hours, 730),
        *_list("Most played tracks", of_year.tracks, _EDGE, 1010),
        *_list("Most played artists", of_year.artists, WIDTH // 2 + 20, 1010),
        _text(_EDGE, HEIGHT - 40, f"Soundlake: {source}", 22, _FAINT),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f"font-family=\"Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK JP', sans-serif\">{''.join(parts)}</svg>"
    )


def shortened(name: str, most: int = _MOST_LETTERS) -> str:
    """A name that is at most so many letters wide."""
    width = 0
    for place, letter in enumerate(name):
        width += 2 if east_asian_width(letter) in "WF" else 1
        if width > most:
            return f"{name[: max(place - 1, 1)]}…"
    return name


def _numbers(of_year: Heard) -> list[str]:
    total = of_year.totals.iloc[0]
    numbers = [("plays", total["plays"]), ("artists", total["artists"])]
    if total["new_artists"] < total["artists"]:  # all are new in the first year
        numbers += [("new artists", total["new_artists"])]
    numbers += [("days in a row", of_year.streaks["days"][0])]
    if pd.notna(total["minutes"]):
        numbers[1:1] = [("hours", round(total["minutes"] / 60))]
    step = (WIDTH - 2 * _EDGE) / len(numbers)
    found = []
    for place, (label, number) in enumerate(numbers):
        x = _EDGE + place * step
        found += [_text(x, 290, f"{int(number):,}", 60, ORANGE, 700), _text(x, 330, label, 24, _FAINT)]
    return found


def _months(months: pd.DataFrame, top: int) -> list[str]:
    plays = dict(zip(months["month"].dt.month, months["plays"], strict=True))
    most, height, step = max(plays.values()), 170, (WIDTH - 2 * _EDGE) / 12
    found = [_text(_EDGE, top - 15, "Plays by month", 26)]
    for month in range(1, 13):
        x, tall = _EDGE + (month - 1) * step, height * plays.get(month, 0) / most
        found += [
            _box(x + 6, top + height - tall + 10, step - 12, tall, SKY),
            _text(x + step / 2, top + height + 45, "JFMAMJJASOND"[month - 1], 22, _FAINT, anchor="middle"),
        ]
    return found


def _hours(hours: pd.DataFrame, top: int) -> list[str]:
    most = hours["plays"].max()
    left, step, tall = _EDGE + 70, (WIDTH - 2 * _EDGE - 70) / 24, 24
    found = [_text(_EDGE, top - 15, "Hours and weekdays", 26)]
    found += [_text(_EDGE, top + day * tall + 19, name[:3], 20, _FAINT) for day, name in enumerate(WEEKDAYS)]
    found += [
        _box(left + x * step, top + y * tall, step - 2, tall - 2, _INK, 0.06) for x in range(24) for y in range(7)
    ]
    for hour, weekday, plays in zip(hours["hour"], hours["weekday"], hours["plays"], strict=True):
        shade = 0.15 + 0.85 * plays / most
        found.append(_box(left + hour * step, top + (weekday - 1) * tall, step - 2, tall - 2, GREEN, shade))
    found += [_text(left + hour * step, top + 7 * tall + 24, str(hour), 20, _FAINT) for hour in (0, 6, 12, 18)]
    return found


def _list(title: str, frame: pd.DataFrame, x: float, top: int) -> list[str]:
    found = [_text(x, top, title, 26, ORANGE)] if len(frame) else []
    for place, name in enumerate(frame["name"].head(_LISTED).tolist(), 1):
        y = top + 44 * place
        found += [_text(x, y, str(place), 26, _FAINT), _text(x + 34, y, shortened(name), 26)]
    return found


def _text(
    x: float, y: float, words: str, size: int, fill: str = _INK, weight: int = 400, *, anchor: str = "start"
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="3" fill="{fill}" fill-opacity="{opacity:.2f}"/>'
