"""Albums: Spotify album objects."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import required
from soundlake.kinds.shapes import ARTIST_COLUMNS, ARTISTS_FIELD, RELEASE_COLUMNS, artist_columns, release_columns
from soundlake.kinds.values import Json, catalog_id, percent, small_count, text, texts, things
from soundlake.tables import ALBUMS

_WIDE_ENOUGH = 300  # pixels: pages show covers small


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    return {
        "album_id": required(payload, "id", "missing_id", catalog_id),
        "album_name": text(payload.get("name")),
        "album_type": text(payload.get("album_type")),
        **artist_columns(payload.get("artists")),
        **release_columns(payload.get("release_date"), payload.get("release_date_precision")),
        "total_tracks": small_count(payload.get("total_tracks")),
        "popularity": percent(payload.get("popularity")),
        "label": text(payload.get("label")),
        "genres": texts(payload.get("genres")),
        "cover_url": _cover(payload.get("images")),
    }


def _cover(value: object) -> str | None:
    """The address of the smallest image that is wide enough; else of the first, the widest as Spotify lists them."""
    images = [image for image in things(value) or () if (text(image.get("url")) or "").startswith("https://")]
    widths = ((small_count(image.get("width")) or 0, place) for place, image in enumerate(images))
    enough = [(width, place) for width, place in widths if width >= _WIDE_ENOUGH]
    return images[min(enough)[1] if enough else 0]["url"] if images else None


KIND = Kind(
    name="album",
    table=ALBUMS,
    fields={
        "id": None,
        "name": None,
        "album_type": None,
        "artists": ARTISTS_FIELD,
        "release_date": None,
        "release_date_precision": None,
        "total_tracks": None,
        "popularity": None,
        "label": None,
        "genres": None,
        "images": [{"url": None, "width": None}],
    },
    read=_read,
    column_groups=(ARTIST_COLUMNS, RELEASE_COLUMNS),
    volatile=("popularity", "fetched_at"),
    history_columns=("popularity",),
)
