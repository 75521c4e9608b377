"""A lake with a row in every table, and every page drawn on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

from helpers.marts import Row, write
from helpers.pages import draw, well
from soundlake.catalog.glue import public_tables
from soundlake.dashboard.app import PAGES, THINGS
from soundlake.insights import load_insights
from soundlake.tables import Table

# Names as no other value of the lake has them.
NAMES = {
    "track": "A Song",
    "artist": "An Artist",
    "album": "An Album",
    "playlist": "A Chart",
    "other_playlist": "Another Chart",
}
FIRST = date(2021, 1, 1)
VALUES: Row = {
    **{f"{thing}_id": f"id of {name}" for thing, name in NAMES.items()},
    **{f"{thing}_name": name for thing, name in NAMES.items()},
    **{"user_id": "me", "period": "month", "content_type": "track", "entity": "track", "entry": "new", "kind": "mood"},
    **{"week": date(2021, 1, 4), "similar_track_id": f"id of {NAMES['track']}", "model_version": "m", "axis": "x"},
}
OF_TYPE: Row = {"string": "some", "int": 5, "bigint": 5, "double": 0.5, "boolean": True, "date": FIRST}
OF_TYPE |= {"timestamp": datetime(2021, 1, 5, 12, tzinfo=UTC)}


def _row(table: Table) -> Row:
    return {one.name: VALUES.get(one.name, OF_TYPE.get(one.type)) for one in table.columns}


def full_lake(lake: Path) -> Path:
    """Write a row into each table, and one more of another chart and another listener."""
    other = {"playlist_id": VALUES["other_playlist_id"], "playlist_name": VALUES["other_playlist_name"]}
    for table in public_tables():
        mine = _row(table)
        more = [{**mine, **other}] if "playlist_name" in mine and "other_playlist_name" not in mine else []
        more += [{**mine, "user_id": "you"}] if "user_id" in mine else []
        write(lake, table, mine, *more)
    return lake


def pages(lake: str, *sets: str) -> Iterator[tuple[str, AppTest]]:
    """Each page with each of its questions, and each insight."""
    for path, (module, *_) in (PAGES | THINGS).items():
        view = module.__name__.rpartition(".")[2]
        page = draw(view, lake, *sets)
        yield path, page
        questions = page.button_group[0].options[1:] if page.button_group else []
        for question in questions:
            page = draw(view, lake, *sets)
            page.button_group[0].set_value(question)
            yield f"{path}: {question}", well(page.run())
    for insight in load_insights():
        page = draw("explore", lake, *sets)
        page.selectbox[0].set_value(insight.title)
        yield f"insight: {insight.title}", well(page.run())
