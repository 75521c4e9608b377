"""Pages of things: their addresses, and names that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import repeat
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from soundlake.dashboard.charts import LINK

Links = Mapping[str, tuple[str, str]]  # by column of names: the thing, and the column of its id
_PAGES = {"listener": "year?listener="}
NAMES: Links = {
    "track_name": ("track", "track_id"),
    "artist_name": ("artist", "artist_id"),
    "album_name": ("album", "album_id"),
    "playlist_name": ("playlist", "playlist_id"),
    "other_playlist_name": ("playlist", "other_playlist_id"),
    "user_id": ("listener", "user_id"),
}
PLAYLISTS: Links = {"playlist": ("playlist", "playlist_id")}


def address(thing: str, id_: object, name: object = "") -> str:
    """The relative URL of a thing's page; where it has no id, an artist's page by name, or a search for the name."""
    if not isinstance(id_, str) or not id_:
        if thing == "artist":
            return f"artist?name={quote(str(name), safe='')}"
        return f"search?q={quote(str(name), safe='')}"
    return f"{_PAGES.get(thing, f'{thing}?id=')}{quote(id_, safe='')}"


def anchor(thing: str, id_: object, name: object) -> str:
    """A name as a link, in HTML; a name that is not known is no link."""
    if not isinstance(name, str) or not name:
        return "unknown"
    return f'<a href="{escape(address(thing, id_, name))}" target="_self">{escape(name)}</a>'


def leading(frame: pd.DataFrame, name: str, links: Links = NAMES) -> pd.DataFrame:
    """Rows whose marks in a chart lead to the page of what the column `name` names when they are clicked."""
    return frame.assign(**{LINK: _addresses(frame, name, *links[name])})


def as_links(table: pd.DataFrame, frame: pd.DataFrame, links: Links) -> pd.DataFrame:
    """A table for the viewer: names in the columns of `links` become addresses that show the name, see `column`."""
    shown = table.copy()
    for name, (thing, id_) in links.items():
        if name in shown:
            # Streamlit shows what stands behind "#", decoded.
            names = [_escaped(one) if isinstance(one, str) else None for one in frame[name]]
            told = zip(_addresses(frame, name, thing, id_), names, strict=True)
            shown[name] = pd.Series([f"{to}#{one}" if one else None for to, one in told], frame.index, dtype=object)
    return shown


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("+", "%2B")


def column(title: str) -> Any:
    """How a column of `as_links` is shown."""
    return st.column_config.LinkColumn(title, display_text=r"#(.+)$")


def _addresses(frame: pd.DataFrame, name: str, thing: str, id_: str) -> pd.Series[Any]:
    """The address of each row's thing; without a column of ids, that of a search for its name."""
    ids = frame[id_] if id_ in frame else repeat(None, len(frame))
    pairs = zip(ids, frame[name], strict=True)
    return pd.Series([address(thing, one, called) for one, called in pairs], frame.index, dtype=object)
