"""Colours that can be told from what is behind them, in light and in dark."""

from __future__ import annotations

import pandas as pd
import pytest

from soundlake.dashboard.colours import BLUE, PALETTE
from soundlake.dashboard.command import server
from soundlake.dashboard.radar import radar
from soundlake.dashboard.theme import INK, PAPER

pytestmark = pytest.mark.heavy

WHITE, DARK = "#FFFFFF", "#0E1117"  # Streamlit's backgrounds
OPTIONS = dict(
    option.removeprefix("--").split("=", 1) for option in server("127.0.0.1", 1, browser=False) if "=" in option
)


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def paler(colour: str, share: float, behind: str) -> str:
    """A colour that is drawn with this opacity."""
    mixed = [
        round(share * int(colour[at : at + 2], 16) + (1 - share) * int(behind[at : at + 2], 16)) for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("colour", PALETTE)
@pytest.mark.parametrize("behind", [WHITE, DARK])
def test_every_mark_has_a_contrast_of_three(colour: str, behind: str) -> None:
    assert contrast(colour, behind) >= 3


def test_the_colours_of_charts_are_different() -> None:
    assert len(set(PALETTE)) == len(PALETTE)
    assert BLUE in PALETTE


@pytest.mark.parametrize("name", ["textColor", "codeTextColor"])
def test_captions_can_be_read(name: str) -> None:
    assert contrast(paler(OPTIONS[f"theme.light.{name}"], 0.6, WHITE), WHITE) >= 4.5


def test_the_words_of_charts_can_be_read() -> None:
    assert contrast(INK, WHITE) >= 4.5
    assert contrast(PAPER, DARK) >= 4.5


def test_words_within_charts_have_no_colour_but_the_themes() -> None:
    frame = pd.DataFrame({"cluster_name": ["calm"], "energy": [0.5], "valence": [0.2], "tempo": [1.0]})
    layers = radar(frame, ["energy", "valence", "tempo"], "cluster_name").to_dict()["layer"]
    (words,) = [layer["mark"] for layer in layers if layer["mark"]["type"] == "text"]
    assert "color" not in words
