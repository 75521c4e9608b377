"""Pages of things: their addresses, and names that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from soundlake.dashboard.charts import LINK

TRACK, ARTIST, ALBUM = ("track", "track_id"), ("artist", "artist_id"), ("album", "album_id")
_PAGES = {"listener": "year?listener="}
Links = Mapping[str, tuple[str, str]]


def address(thing: str, id_: object, name: object = "") -> str:
    """The relative URL of a thing's page; that of a search for its name where it has no id."""
    if not isinstance(id_, str) or not id_:
        return f"search?q={quote(str(name), safe='')}"
    return f"{_PAGES.get(thing, f'{thing}?id=')}{quote(id_, safe='')}"


def anchor(thing: str, id_: object, name: object) -> str:
    """A name as a link, in HTML; a name that is not known is no link."""
    if not isinstance(name, str) or not name:
        return "unknown"
    return f'<a href="{escape(address(thing, id_, name))}" target="_self">{escape(name)}</a>'


def leading(frame: pd.DataFrame, thing: str, id_: str, name: str) -> pd.DataFrame:
    """Rows whose marks in a chart lead to their thing's page when they are clicked."""
    return frame.assign(**{LINK: _addresses(frame, thing, id_, name)})


def as_links(table: pd.DataFrame, frame: pd.DataFrame, links: Links) -> pd.DataFrame:
    """A table for the viewer: names in the columns of `links` become addresses that show the name, see `column`."""
    shown = table.copy()
    for name, (thing, id_) in links.items():
        if name in shown:
            # Streamlit shows what stands behind "#", decoded.
            names = [str(one).replace("%", "%25") if isinstance(one, str) else None for one in frame[name]]
            told = zip(_addresses(frame, thing, id_, name), names, strict=True)
            shown[name] = pd.Series([f"{to}#{one}" if one else None for to, one in told], frame.index, dtype=object)
    return shown


def column(title: str) -> Any:
    """How a column of `as_links` is shown."""
    return st.column_config.LinkColumn(title, display_text=r"#(.+)$")


def _addresses(frame: pd.DataFrame, thing: str, id_: str, name: str) -> pd.Series[Any]:
    pairs = zip(frame[id_], frame[name], strict=True)
    return pd.Series([address(thing, one, called) for one, called in pairs], frame.index, dtype=object)
