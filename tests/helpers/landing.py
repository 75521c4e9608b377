"""Tracks that land in a folder, and the settings that read them into a lake."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.building import envelope
from soundlake.settings import Settings, load_settings


def land(landed: Path, name: str, *ids: str) -> None:
    """Put a file with a track of each id into the folder."""
    folder = landed / "tracks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(json.dumps(envelope("track", {"id": id_})) + "\n" for id_ in ids))


def settings_of(lake: Path, landed: Path) -> Settings:
    return load_settings(None, [f"source.files.path={landed}"], lake=str(lake), env={})
