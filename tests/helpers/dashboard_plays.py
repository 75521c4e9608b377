"""Plays of listeners, and what the dashboard counts of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.marts import write
from soundlake.dashboard.listener import Heard, heard
from soundlake.dashboard.source import DataSource
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, PLAYS

Play = dict[str, Any]


def play(user: str, at: datetime, track: int = 0, ms: int | None = 200_000) -> Play:
    """A play of the extended export; every third track is a local file, which has no id."""
    name = {"track_name": f"Track {track}", "artist_name": f"Artist {track % 4}", "album_name": f"Album {track % 5}"}
    return {
        **name,
        "play_id": f"{user} {track} {at.isoformat()}",
        "user_id": user,
        "content_type": "track",
        "track_id": None if track % 3 == 0 else f"t{track}",
        "played_at": at,
        "played_date": at.date(),
        "ms_played": ms,
        "reason_start": "clickrow",
        "source": "account-export",
    }


def years_of(lake: Path, plays: list[Play], user: str = "u", zone: str = "UTC") -> Heard:
    write(lake, EVENTS)
    write(lake, PLAYS, *plays)
    settings = load_settings(lake=str(lake), sets=[f"insights.time_zone={zone}"], env={})
    return heard(DataSource(settings), user)
