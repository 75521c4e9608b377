"""Records of one listener by every road, and the plays that become of them without Spark."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deltalake import write_deltalake

from helpers.asking import answers, tables_of
from helpers.lake_model import LakeModel, here
from helpers.marts import write
from soundlake.tables import EVENTS, PLAYS

Record = dict[str, Any]


def poll(moment: str, title: str, user: str = "u1") -> Record:
    """An item of the recently-played API."""
    track = {"id": title, "uri": f"spotify:track:{title}", "type": "track", "name": title, "artists": [{"name": "Ana"}]}
    return {"user_id": user, "played_at": f"{moment.replace(' ', 'T')}Z", "track": track, "context": None}


def extended(moment: str, title: str, user: str = "u1", **more: Any) -> Record:
    """A record of the extended streaming history."""
    names = {"master_metadata_track_name": title, "master_metadata_album_artist_name": "Ana"}
    how = {"ms_played": 200_000, "reason_start": "trackdone", "reason_end": "trackdone", "platform": "ios"}
    uri = {"spotify_track_uri": f"spotify:track:{title}"}
    return {"user_id": user, "ts": f"{moment.replace(' ', 'T')}Z", **names, **how, **uri, **more}


def basic(moment: str, title: str, user: str = "u1") -> Record:
    """A record of the account data's streaming history, which tells minutes and no ids."""
    return {"user_id": user, "endTime": moment, "artistName": "Ana", "trackName": title, "msPlayed": 200_000}


def plays_of(records: Iterable[Record]) -> list[Record]:
    """The rows of silver/plays that records become."""
    lake = LakeModel(here)
    lake.refine({str(number): record for number, record in enumerate(records)}, "play")
    lake.apply()
    return list(lake.tables[PLAYS.path].values())


def plays_alone(lake: Path) -> Path:
    """A lake of one listener's exported plays and nothing else, with the marts that are built of them."""
    write(lake, EVENTS)
    write(lake, PLAYS, *plays_of(extended(f"2026-10-{day:02} 10:00:00", f"t{day % 3}") for day in range(1, 29)))
    for name, rows in answers(tables_of(lake)).items():
        write_deltalake(lake / "gold" / name, rows)
    return lake
