"""The two roads by which plays arrive, the recently-played poll and the account export, and what users prefer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

from sample_plays import HOUR, Play, Spoken
from sample_records import Record, Track, envelope, utc

SOURCE = "soundlake-sample"
POLL_HOLDS = 50  # what the recently-played endpoint gives at most
POLL_LISTS_FROM_MS = 30_000  # it leaves out what was heard for less, and everything but tracks

# Gaps between two polls of a user in hours, and how much of the time lies in gaps of that length. A play waits for the
# end of its gap: half of them under half an hour, 5 % over 3 hours, 1 % over 34, the longest under 232.
POLL_GAPS = ((0.93, 0.914), (6.0, 0.07), (70.0, 0.01), (232.0, 0.006))
REPEATS_AFTER_POLL = 0.12
BARE = 0.001

SHORT_TERM_MS = 28 * 24 * HOUR
TOP_TRACKS, TOP_ARTISTS = 10, 5


def poll_records(user_id: str, plays: list[Play], rng: Random) -> Iterator[tuple[int, Record]]:
    """Arrival (ms) and record of each recently-played item, in the order of arrival.

    Some polls give again what an earlier one gave; a play that more than POLL_HOLDS others followed before the next
    poll is missed, as in real life.
    """
    listed = [(p, p.content) for p in plays if isinstance(p.content, Track) and p.ms_played >= POLL_LISTS_FROM_MS]
    if not listed:
        return
    hours, frequency = [gap for gap, _ in POLL_GAPS], [share / gap for gap, share in POLL_GAPS]
    poll, done = listed[0][0].ended_ms - rng.randrange(HOUR), 0
    while done < len(listed):
        gap = rng.choices(hours, frequency)[0] * HOUR * rng.uniform(0.9, 1.0)
        poll = (poll + int(gap)) // 1000 * 1000  # fetched_at has no milliseconds
        due = done
        while due < len(listed) and listed[due][0].ended_ms < poll:
            due += 1
        if due == done:
            continue
        again = min(done, rng.randint(1, 5)) if rng.random() < REPEATS_AFTER_POLL else 0
        for play, track in listed[max(done - again, due - POLL_HOLDS) : due]:
            yield poll, _polled(user_id, play, track, poll, rng)
        done = due


def _polled(user_id: str, play: Play, track: Track, poll: int, rng: Random) -> Record:
    payload = {
        "user_id": user_id,
        "context": {"type": play.context[0], "uri": play.context[1]} if play.context else None,
        "played_at": utc(play.ended_ms, with_ms=play.ended_ms % 50 != 0),  # some clients give no milliseconds
        "track": _played_track(track),
    }
    return payload if rng.random() < BARE else envelope("play", utc(poll), SOURCE, payload)


def _played_track(track: Track) -> Record:
    return {
        "id": track.id,
        "name": track.name,
        **({"artists": [{"name": track.artist_name}]} if track.artist_name else {}),
        "album": {"name": track.album_name},
        "type": "track",
        "uri": f"spotify:track:{track.id}",
    }


def export_records(user_id: str, plays: list[Play], requested_ms: int) -> Iterator[tuple[int, Record]]:
    """Arrival (ms) and record of each play of a user's extended streaming history up to the day it was asked for."""
    for play in plays:
        if play.ended_ms < requested_ms:
            yield requested_ms, envelope("play", utc(requested_ms), SOURCE, _exported(user_id, play))


def _exported(user_id: str, play: Play) -> Record:
    return {
        "user_id": user_id,
        "ts": utc(play.ended_ms),
        "ms_played": play.ms_played,
        **_exported_content(play.content),
        "reason_start": play.reason_start,
        "reason_end": play.reason_end,
        "shuffle": play.shuffle,
        "skipped": play.skipped,
        "platform": play.platform,
    }


def _exported_content(content: Track | Spoken) -> Record:
    if isinstance(content, Track):
        return {
            "spotify_track_uri": f"spotify:track:{content.id}",
            "master_metadata_track_name": content.name,
            "master_metadata_album_artist_name": content.artist_name,
            "master_metadata_album_album_name": content.album_name,
        }
    if content.content_type == "chapter":
        return {
            "audiobook_chapter_uri": content.uri,
            "audiobook_chapter_title": content.name,
            "audiobook_title": content.show,
        }
    return {
        "spotify_episode_uri": content.uri,
        "episode_name": content.name,
        "episode_show_name": content.show,
        **({"content_type": "video"} if content.content_type == "video" else {}),
    }


def user_item_records(user_id: str, plays: list[Play], asked_ms: int) -> Iterator[Record]:
    """What a user has at the top, saved and follows, as their plays of tracks say at `asked_ms`."""
    heard = [(p.ended_ms, p.content) for p in plays if isinstance(p.content, Track) and not p.skipped]
    recent = [track for ended, track in heard if asked_ms - ended <= SHORT_TERM_MS]
    ever = [track for _, track in heard]
    ranges = {"short_term": recent, "medium_term": ever, "long_term": ever}
    for time_range, tracks in ranges.items():
        for rank, track in enumerate(_top([t.id for t in tracks], TOP_TRACKS), start=1):
            yield _item(user_id, asked_ms, "top", {"time_range": time_range, "rank": rank, "track": {"id": track}})
        artists = [t.artist_id for t in tracks if t.artist_id]
        for rank, artist in enumerate(_top(artists, TOP_ARTISTS), start=1):
            yield _item(user_id, asked_ms, "top", {"time_range": time_range, "rank": rank, "artist": {"id": artist}})
    first = {id_: ended for ended, track in reversed(heard) for id_ in (track.id, track.album_id)}
    for track in _top([t.id for t in ever], TOP_TRACKS // 2):
        yield _item(user_id, asked_ms, "saved", {"added_at": utc(first[track]), "track": {"id": track}})
    for album in _top([t.album_id for t in ever], 1):
        yield _item(user_id, asked_ms, "saved", {"added_at": utc(first[album]), "album": {"id": album}})
    for artist in _top([t.artist_id for t in ever if t.artist_id], 2):
        yield _item(user_id, asked_ms, "followed", {"artist": {"id": artist}})


def _top(ids: list[str], count: int) -> list[str]:
    counts = Counter(ids)
    return sorted(counts, key=lambda id_: (-counts[id_], id_))[:count]


def _item(user_id: str, asked_ms: int, relation: str, rest: Record) -> Record:
    return envelope("user_item", utc(asked_ms), SOURCE, {"user_id": user_id, "relation": relation, **rest})
