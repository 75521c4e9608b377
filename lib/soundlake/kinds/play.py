"""Plays: items of the recently-played API, records of the extended and of the basic account export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import FLAG, NUMBER, TEXT, Payload
from soundlake.kinds.shapes import ARTISTS_FIELD, artist_columns
from soundlake.tables import PLAYS

CONTENT_TYPES = ("track", "episode", "chapter", "video")

# The fields a play's identity is read from: none of them may hold anything but a text.
_KEY_FIELDS = (
    ("user_id",),
    ("played_at",),
    ("ts",),
    ("endTime",),
    ("track", "id"),
    ("track", "uri"),
    ("spotify_track_uri",),
    ("spotify_episode_uri",),
    ("audiobook_chapter_uri",),
)
_NAMES = ("track_name", "artist_name", "album_name", "show_name", "episode_name")


def _content_uri(payload: Payload) -> Column:
    kind_of_track = F.coalesce(payload.text("track", "type"), F.lit("track"))
    made_up = F.concat(F.lit("spotify:"), kind_of_track, F.lit(":"), values.identifier(payload.text("track", "id")))
    return F.coalesce(
        values.identifier(payload.text("track", "uri")),
        made_up,
        values.identifier(payload.text("spotify_track_uri")),
        values.identifier(payload.text("spotify_episode_uri")),
        values.identifier(payload.text("audiobook_chapter_uri")),
    )


def _names(payload: Payload) -> dict[str, Column]:
    """What the content is called, from whichever road the record came."""
    is_episode = payload.text("track", "type") == "episode"
    api_name, api_show = payload.text("track", "name"), payload.text("track", "show", "name")
    return {
        "track_name": F.coalesce(
            F.when(~F.coalesce(is_episode, F.lit(False)), api_name),
            payload.text("master_metadata_track_name"),
            payload.text("trackName"),
        ),
        "artist_name": F.coalesce(
            artist_columns(payload.get("track", "artists"))["artist_name"],
            payload.text("master_metadata_album_artist_name"),
            payload.text("artistName"),
        ),
        "album_name": F.coalesce(
            payload.text("track", "album", "name"), payload.text("master_metadata_album_album_name")
        ),
        "show_name": F.coalesce(api_show, payload.text("episode_show_name"), payload.text("audiobook_title")),
        "episode_name": F.coalesce(
            F.when(is_episode, api_name), payload.text("episode_name"), payload.text("audiobook_chapter_title")
        ),
    }


def _content_type(payload: Payload, uri: Column) -> Column:
    stated = F.when(payload.text("content_type").isin(*CONTENT_TYPES), payload.text("content_type"))
    by_uri = F.regexp_extract(uri, r"^spotify:(\w+):", 1)
    return F.coalesce(
        stated,
        F.when(payload.text("audiobook_chapter_uri").isNotNull(), "chapter"),
        F.when(by_uri.isin(*CONTENT_TYPES), by_uri),
        F.when(payload.text("audiobook_chapter_title").isNotNull(), "chapter"),
        F.when(payload.text("episode_name").isNotNull(), "episode"),
        F.lit("track"),
    )


def _derive(payload: Payload) -> Mapping[str, Column]:
    return {
        "uri": _content_uri(payload),
        "played_at": F.coalesce(*[values.instant(payload.text(name)) for name in ("played_at", "ts", "endTime")]),
        **_names(payload),
    }


def _content(payload: Payload) -> Column:
    """What identifies the content: its URI, or its names where there is none."""
    by_names = F.to_json(F.struct(*[payload.shared(n).alias(n) for n in ("track_name", "artist_name", "episode_name")]))
    return F.coalesce(payload.shared("uri"), F.when(by_names != "{}", by_names))


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    uri, played_at = payload.shared("uri"), payload.shared("played_at")
    track_id = F.regexp_extract(uri, r"^spotify:track:(.+)$", 1)
    identity = F.to_json(
        F.struct(
            payload.text("user_id").alias("user"),
            _content(payload).alias("content"),
            F.unix_timestamp(played_at).alias("second"),
        )
    )
    return {
        "play_id": F.substring(F.sha2(identity, 256), 1, 32),
        "user_id": payload.text("user_id"),
        "content_type": _content_type(payload, uri),
        "track_id": F.when(track_id != "", track_id),
        **{name: payload.shared(name) for name in _NAMES},
        "played_at": played_at,
        "played_date": F.to_date(played_at),
        "ms_played": values.milliseconds(F.coalesce(payload.get("ms_played"), payload.get("msPlayed"))),
        "context_uri": payload.text("context", "uri"),
        "reason_start": payload.text("reason_start"),
        "reason_end": payload.text("reason_end"),
        "skipped": payload.get("skipped"),
        "shuffle": payload.get("shuffle"),
        "platform": payload.text("platform"),
        "content_uri": uri,
        "source": envelope.source,
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    return [
        *[Rule("wrong_type", f"{'.'.join(p)} is no string", payload.is_other_token(*p)) for p in _KEY_FIELDS],
        Rule("missing_user", "user_id is missing", values.identifier(payload.text("user_id")).isNull()),
        Rule(
            "missing_time", "played_at, ts and endTime are missing or unreadable", payload.shared("played_at").isNull()
        ),
        Rule("missing_content", "neither a URI nor a name says what was played", _content(payload).isNull()),
    ]


def _weight(payload: Payload) -> Column:
    """The extended export's fields win over the API's, and these over the basic export's."""
    return F.when(payload.text("ts").isNotNull(), 2).when(payload.text("played_at").isNotNull(), 1).otherwise(0)


KIND = Kind(
    name="play",
    table=PLAYS,
    payload={
        "user_id": TEXT,
        "played_at": TEXT,
        "track": {
            "id": TEXT,
            "name": TEXT,
            "uri": TEXT,
            "type": TEXT,
            "artists": ARTISTS_FIELD,
            "album": {"name": TEXT},
            "show": {"name": TEXT},
        },
        "context": {"uri": TEXT},
        "content_type": TEXT,
        "ts": TEXT,
        "ms_played": NUMBER,
        "platform": TEXT,
        "spotify_track_uri": TEXT,
        "master_metadata_track_name": TEXT,
        "master_metadata_album_artist_name": TEXT,
        "master_metadata_album_album_name": TEXT,
        "spotify_episode_uri": TEXT,
        "episode_name": TEXT,
        "episode_show_name": TEXT,
        "audiobook_title": TEXT,
        "audiobook_chapter_uri": TEXT,
        "audiobook_chapter_title": TEXT,
        "reason_start": TEXT,
        "reason_end": TEXT,
        "shuffle": FLAG,
        "skipped": FLAG,
        "endTime": TEXT,
        "artistName": TEXT,
        "trackName": TEXT,
        "msPlayed": NUMBER,
    },
    values=_values,
    rules=_rules,
    derive=_derive,
    together=(("played_at", "played_date"),),
    weight=_weight,
    dated="played_date",
    repeats_by_payload=True,
)
