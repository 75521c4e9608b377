"""The providers of audio features."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import requests

from soundlake.aws import translate_errors
from soundlake.errors import UsageError
from soundlake.extract.api import SpotifyApi
from soundlake.extract.context import SOURCE
from soundlake.extract.ids import is_id
from soundlake.extract.outcomes import RefusedError
from soundlake.extract.rate_limit import RequestPolicy, TryAgainError
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = ("spotify", "reccobeats", "lookup", "none")
_HREF = re.compile(r"/track/([0-9A-Za-z]{22})")
_ID_COLUMNS = ("id", "track_id", "spotify_id", "spotify_track_id", "track_uri", "uri")

Found = dict[str, dict[str, Any]]


class Provider(Protocol):
    """A provider of audio features."""

    name: str
    source: str
    batch: int

    def fetch(self, ids: Sequence[str]) -> Found:
        """Return the features of the tracks that it knows, by track id.

        Raises RefusedError where the app may not ask, FailedError where a request failed, StopError as requests do.
        """


class SpotifyFeatures:
    """Spotify's own, for apps with extended quota that had them before November 2024."""

    name, source, batch = "spotify", SOURCE, 100

    def __init__(self, api: SpotifyApi) -> None:
        self._api = api

    def fetch(self, ids: Sequence[str]) -> Found:
        """Return what Spotify knows; see `Provider`."""
        found = self._api.call("get:audio-features", ids=",".join(ids)).get("audio_features")
        return {item["id"]: item for item in found or [] if isinstance(item, dict) and item.get("id") in set(ids)}


class ReccoBeatsFeatures:
    """ReccoBeats: free, for everybody. Responses omit unknown tracks and have ids of their own."""

    name, source, batch = "reccobeats", "reccobeats", 40

    def __init__(self, settings: Settings, policy: RequestPolicy) -> None:
        self._url = f"{settings.extract.reccobeats_url.rstrip('/')}/audio-features"
        self._timeout = settings.extract.timeout
        self._policy = policy
        self._session = requests.Session()

    def fetch(self, ids: Sequence[str]) -> Found:
        """Return what ReccoBeats knows; see `Provider`."""
        found: Found = {}
        for item in self._policy.ask(lambda: self._request(ids)):
            match = _HREF.search(str(item.get("href"))) if isinstance(item, dict) else None
            if match and match[1] in ids:
                found[match[1]] = {**item, "reccobeats_id": item.get("id"), "id": match[1]}
        return found

    def _request(self, ids: Sequence[str]) -> list[Any]:
        try:
            response = self._session.get(self._url, params={"ids": ",".join(ids)}, timeout=self._timeout)
        except requests.RequestException as error:
            raise TryAgainError(f"no answer ({type(error).__name__})") from None
        status = response.status_code
        if status == 429 or status >= 500:
            after = response.headers.get("Retry-After", "")
            wait = float(after) if after.replace(".", "", 1).isdigit() else None
            raise TryAgainError(str(status), wait, is_limit=status == 429)
        if status != 200:
            raise RefusedError(str(status), status)
        try:
            content = response.json()["content"]
        except (ValueError, KeyError, TypeError):
            raise TryAgainError("an answer in a shape that is not known") from None
        return content if isinstance(content, list) else []


class LookupFeatures:
    """A CSV or Parquet file with the API's names of the features, one row for each track."""

    name, source, batch = "lookup", "lookup", 1000

    def __init__(self, path: str, settings: Settings) -> None:
        """Raises UsageError where the file cannot be read or has no column of ids."""
        self._table = _read_table(path, settings)
        named = [name for name in _ID_COLUMNS if name in self._table.column_names]
        if not named:
            raise UsageError(f"extract.features_lookup: {path} has no column of track ids ({', '.join(_ID_COLUMNS)})")
        ids = self._table.column(named[0]).to_pylist()
        self._rows = {str(value).rpartition(":")[2]: row for row, value in enumerate(ids) if value is not None}

    def fetch(self, ids: Sequence[str]) -> Found:
        """Return the rows of the tracks; see `Provider`."""
        known = [item for item in ids if is_id(item) and item in self._rows]
        rows = self._table.take([self._rows[item] for item in known]).to_pylist() if known else []
        return {
            item: {
                name: value
                for name, value in row.items()
                if name in _FEATURES and value is not None and not (isinstance(value, float) and math.isnan(value))
            }
            for item, row in zip(known, rows, strict=True)
        }


_FEATURES = (
    *("danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness", "liveness", "valence"),
    *("tempo", "key", "mode", "time_signature", "duration_ms"),
)


def open_providers(settings: Settings, api: SpotifyApi, policy: RequestPolicy) -> list[Provider]:
    """Return the providers of extract.features, in order. Raises UsageError for an unknown one or a missing file."""
    names = settings.extract.features
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UsageError(f"extract.features: {', '.join(unknown)}: should be of {', '.join(NAMES)}")
    providers: list[Provider] = []
    for name in names:
        if name == "spotify":
            providers.append(SpotifyFeatures(api))
        elif name == "reccobeats":
            providers.append(ReccoBeatsFeatures(settings, policy))
        elif name == "lookup":
            if settings.extract.features_lookup is None:
                raise UsageError("extract.features_lookup: needed when extract.features names lookup")
            providers.append(LookupFeatures(settings.extract.features_lookup, settings))
    return providers


def _read_table(path: str, settings: Settings) -> pa.Table:
    """Read a CSV or Parquet file, local or on S3, into memory: its ids and features."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    wanted = [*_ID_COLUMNS, *_FEATURES]
    try:
        local = _local_copy(path, settings)
        if path.endswith(".parquet"):
            names = [name for name in pa.parquet.read_schema(local).names if name in wanted]
            return pa.parquet.read_table(local, columns=names)
        table = pa.csv.read_csv(local)
        return table.select([name for name in table.column_names if name in wanted])
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"extract.features_lookup: cannot read {path}: {error}") from None


def _local_copy(path: str, settings: Settings) -> Path:
    if "://" not in path:
        return Path(path)
    import tempfile

    bucket, key = split_uri(path)
    copy = Path(tempfile.mkdtemp(prefix="soundlake-")) / Path(key).name
    with translate_errors(f"cannot read {path}"):
        open_s3(settings).download_file(bucket, key, str(copy))
    return copy
