"""What the web server runs for each viewer: the navigation, the sidebar and the chosen page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import streamlit as st

from soundlake.dashboard import filters, sample, theme
from soundlake.dashboard.arguments import read_arguments
from soundlake.dashboard.source import DataSource
from soundlake.dashboard.views import (
    album,
    artist,
    artists,
    clusters,
    compare,
    explore,
    forecasts,
    genres,
    live,
    overview,
    playlist,
    playlists,
    quality,
    recommendations,
    rising,
    search,
    top_albums,
    track,
    year,
)

# A file: an icon by name would be fetched from a font service.
_ICON = Path(__file__).with_name("icon.svg")

PAGES: dict[str, tuple[ModuleType, str, str]] = {
    "overview": (overview, "Overview", "water"),
    "search": (search, "Search", "search"),
    "top-albums": (top_albums, "Top Albums", "album"),
    "genres": (genres, "Genres over Time", "show_chart"),
    "artists": (artists, "Most Streamed Artists", "artist"),
    "rising": (rising, "What Rises", "trending_up"),
    "compare": (compare, "Comparison", "compare_arrows"),
    "charts": (playlists, "Charts", "leaderboard"),
    "forecasts": (forecasts, "Forecasts", "online_prediction"),
    "clusters": (clusters, "Clusters", "bubble_chart"),
    "recommendations": (recommendations, "Recommendations", "recommend"),
    "year": (year, "A Year in Music", "calendar_month"),
    "live": (live, "Live", "monitoring"),
    "quality": (quality, "Data Quality", "fact_check"),
    "insights": (explore, "All Insights", "query_stats"),
}
# Pages of one thing each, reached by links.
THINGS: dict[str, tuple[ModuleType, str]] = {
    "track": (track, "Track"),
    "artist": (artist, "Artist"),
    "album": (album, "Album"),
    "playlist": (playlist, "Playlist"),
}


def main(arguments: tuple[str, ...]) -> None:
    """Draw the chosen page, with the settings of the command line."""
    st.set_page_config(page_title="Soundlake", page_icon=str(_ICON), layout="wide")
    source = DataSource(*read_arguments(arguments))
    pages = [
        st.Page(
            _page(module, source), title=title, icon=f":material/{icon}:", url_path=path, default=path == "overview"
        )
        for path, (module, title, icon) in PAGES.items()
    ]
    pages += [
        st.Page(_page(module, source), title=title, url_path=path, visibility="hidden")
        for path, (module, title) in THINGS.items()
    ]
    chosen = st.navigation(pages, expanded=True)
    with st.sidebar:
        st.caption(f"Reading {source.place}")
        if st.button("Ask again", icon=":material/refresh:", help="answers are cached for a minute"):
            st.cache_data.clear()
    filters.style()
    theme.enable()
    sample.banner(source)
    chosen.run()


def _page(module: ModuleType, source: DataSource) -> Callable[[], None]:
    def page() -> None:
        module.show(source)

    return page


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
