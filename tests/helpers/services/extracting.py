"""Running extract against the fake Spotify, and reading what it published."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.services.spotify import CLIENT_ID, CLIENT_SECRET, FakeSpotify
from soundlake.extract.report import CrawlReport
from soundlake.extract.request import request_for
from soundlake.extract.run import run_crawl
from soundlake.settings import load_settings

APP = {"SPOTIPY_CLIENT_ID": CLIENT_ID, "SPOTIPY_CLIENT_SECRET": CLIENT_SECRET}


class Extracting:
    """Runs with one state and one folder of records."""

    def __init__(self, fake: FakeSpotify, folder: Path, *sets: str) -> None:
        self.fake = fake
        self.state = folder / "state"
        self.out = folder / "records"
        self.sets = (
            f"extract.state={self.state}",
            f"publish.out={self.out}",
            "extract.max_wait=1",
            *fake.settings,
            *sets,
        )

    def run(
        self,
        command: str,
        *given: str,
        with_: str | None = "none",
        sets: tuple[str, ...] = (),
        env: Mapping[str, str] = APP,
        types: str = "track",
        limit: int = 50,
        **more: Any,
    ) -> CrawlReport:
        settings = load_settings(None, (*self.sets, *sets), env={})
        return run_crawl(settings, request_for(command, given, with_, types=types, limit=limit), env=env, **more)

    def records(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was published, of one kind, as a reader of files sees it."""
        found = [
            json.loads(line)
            for path in sorted(self.out.rglob("*"))
            if path.is_file() and not path.name.startswith(("_", "."))
            for line in gzip.decompress(path.read_bytes()).decode().splitlines()
        ]
        return [record for record in found if kind is None or record["kind"] == kind]

    def ids(self, kind: str) -> list[str]:
        return [record["payload"]["id"] for record in self.records(kind)]
