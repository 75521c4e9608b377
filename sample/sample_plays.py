"""A seeded generator of plays: users with tastes listen to real tracks over four months. The users are made up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from sample_records import MADE_UP, Track

USERS = 150
FIRST_DAY, DAYS = date(2021, 3, 6), 122
SESSIONS_A_DAY = 0.324  # of a user, on average; how much each user listens varies widely
MINUTE, HOUR = 60_000, 3_600_000
AT_ONE_INSTANT = 0.002  # a device that was offline may report two plays at one instant

# Listening by local hour: a morning, a lunch and a long evening peak; at weekends it starts later and there is more.
WEEKDAY = (1, 1, 1, 1, 1, 2, 4, 8, 9, 5, 4, 4, 6, 6, 4, 4, 5, 8, 9, 10, 11, 10, 7, 3)
WEEKEND = (3, 2, 1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 8, 8, 8, 8, 8, 9, 10, 10, 10, 8, 5)
DAY_FACTORS = (0.9, 0.9, 0.95, 1.0, 1.2, 1.15, 0.9)

# Market → hours ahead of UTC and the share of users that live there.
MARKETS = {"JP": (9, 35), "US": (-5, 35), "KR": (9, 20), "MX": (-6, 20), "SE": (2, 20), "GB": (1, 20)}
PLATFORMS = ("android", "ios", "web_player", "desktop")


@dataclass(frozen=True)
class Spoken:
    """An episode, a chapter or a video: made up, with a neutral name."""

    content_type: str
    uri: str
    name: str
    show: str
    duration_ms: int


@dataclass(frozen=True)
class User:
    """A made-up listener and what they like."""

    id: str
    hours_ahead: int
    activity: float
    library: tuple[Track, ...]
    playlists: tuple[tuple[str, tuple[Track, ...]], ...]
    favourites: tuple[str, ...]
    chart: str
    chart_share: float
    hears_podcasts: bool
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class Play:
    """A play: what ended at `ended_ms` (UTC, milliseconds since 1970) after `ms_played`."""

    content: Track | Spoken
    ended_ms: int
    ms_played: int
    context: tuple[str, str] | None
    reason_start: str
    reason_end: str
    shuffle: bool
    skipped: bool
    platform: str


@dataclass(frozen=True)
class Music:
    """What there is to hear: playlists with their tracks by subgenre, charts by market and day, tracks by artist."""

    by_subgenre: dict[str, dict[str, list[Track]]]
    charts: dict[str | None, tuple[str, dict[str, list[Track]]]]
    by_artist: dict[str, list[Track]]


def make_users(music: Music, rng: Random) -> list[User]:
    """USERS listeners, each with two or three subgenres, a mood, a library, playlists, favourite artists, a chart."""
    markets = [market for market, (_, users) in MARKETS.items() for _ in range(users)]
    return [_make_user(f"user-{number:03d}", rng.choice(markets), music, rng) for number in range(1, USERS + 1)]


def _make_user(user_id: str, market: str, music: Music, rng: Random) -> User:
    subgenres = rng.sample(sorted(music.by_subgenre), rng.choice((2, 2, 3)))
    playlists = [(p, tuple(tracks)) for s in subgenres for p, tracks in music.by_subgenre[s].items()]
    playlists = rng.sample(playlists, min(len(playlists), rng.randint(2, 3)))
    target = tuple(rng.random() for _ in range(4))
    pool = sorted({track for _, tracks in playlists for track in tracks}, key=lambda track: track.id)
    weights = [_liking(track, target) for track in pool]
    library = tuple(dict.fromkeys(rng.choices(pool, weights, k=rng.randint(15, 50))))
    return User(
        id=user_id,
        hours_ahead=MARKETS[market][0],
        activity=max(0.2, rng.lognormvariate(-0.3, 0.75)),
        library=library,
        playlists=tuple(playlists),
        favourites=tuple(dict.fromkeys(track.artist_id for track in library[:4] if track.artist_id)),
        chart=music.charts[market if market in music.charts else None][0],
        chart_share=rng.choice((0.0, 0.1, 0.2, 0.5)),
        hears_podcasts=rng.random() < 0.4,
        platforms=tuple(rng.sample(PLATFORMS, rng.choice((1, 1, 2)))),
    )


def _liking(track: Track, target: tuple[float, ...]) -> float:
    """How much a track is to the taste of somebody whose mood is `target`: near in sound, and better if popular."""
    distance = sum((have - want) ** 2 for have, want in zip(track.mood or target, target, strict=True))
    return math.exp(-4 * distance) * (0.2 + track.popularity / 100)


def plays_of(user: User, music: Music, rng: Random) -> list[Play]:
    """Four months of one user's plays, in the order of time."""
    plays: list[Play] = []
    free_from = 0
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        starts = sorted(_session_starts(user, day, rng))
        for start in starts:
            session = list(_session(user, music, day, max(start, free_from + 5 * MINUTE), rng))
            plays += session
            free_from = session[-1].ended_ms
    return plays


def _session_starts(user: User, day: date, rng: Random) -> Iterator[int]:
    expected = SESSIONS_A_DAY * user.activity * DAY_FACTORS[day.weekday()]
    hours = WEEKEND if day.weekday() >= 5 else WEEKDAY
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000 - user.hours_ahead * HOUR
    for _ in range(8):  # a binomial draw: close to Poisson, and bounded
        if rng.random() < expected / 8:
            yield midnight + rng.choices(range(24), hours)[0] * HOUR + rng.randrange(HOUR)


def _session(user: User, music: Music, day: date, start: int, rng: Random) -> Iterator[Play]:
    shuffle = rng.random() < 0.25
    context, queue = _queue(user, music, day, shuffle, rng)
    platform = rng.choice(user.platforms)
    now, reason_start = start, "clickrow"
    for place, content in enumerate(queue, start=1):
        skipped = rng.random() < 0.12
        ms_played = rng.randint(2_000, max(2_001, content.duration_ms * 6 // 10)) if skipped else content.duration_ms
        if rng.random() >= AT_ONE_INSTANT or place == 1:
            now += ms_played + rng.randint(200, 2_000)
        last = place == len(queue)
        reason_end = "fwdbtn" if skipped else "endplay" if last and rng.random() < 0.3 else "trackdone"
        yield Play(content, now, ms_played, context, reason_start, reason_end, shuffle, skipped, platform)
        reason_start = "fwdbtn" if skipped else "trackdone"


def _queue(
    user: User, music: Music, day: date, shuffle: bool, rng: Random
) -> tuple[tuple[str, str] | None, list[Track | Spoken]]:
    """What a session plays, and the context it is played from: about two in five sessions have none."""
    length = 1 + min(24, int(rng.expovariate(1 / 7)))
    if user.hears_podcasts and rng.random() < 0.12:
        return None, [_spoken(rng) for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < user.chart_share and (chart := _chart_of(user, music, day)):
        return ("playlist", f"spotify:playlist:{user.chart}"), _part_of(chart, length, shuffle, rng)
    if rng.random() < 0.5:
        playlist, tracks = rng.choice(user.playlists)
        return ("playlist", f"spotify:playlist:{playlist}"), _part_of(tracks, length, shuffle, rng)
    if user.favourites and rng.random() < 0.2:
        return None, _part_of(music.by_artist[rng.choice(user.favourites)], length, shuffle, rng)
    # Libraries are heard unevenly: the front of the list much more often than its end.
    return None, [user.library[int(len(user.library) * rng.random() ** 3)] for _ in range(length)]


def _chart_of(user: User, music: Music, day: date) -> list[Track] | None:
    """The last chart of the week before, if there is one."""
    days = next(days for playlist, days in music.charts.values() if playlist == user.chart)
    past = [days[d] for back in range(7) if (d := (day - timedelta(days=back)).isoformat()) in days]
    return past[0] if past else None


def _part_of(tracks: list[Track] | tuple[Track, ...], length: int, shuffle: bool, rng: Random) -> list[Track | Spoken]:
    """From the top as people mostly hear lists, or shuffled."""
    chosen = rng.sample(tracks, min(length, len(tracks))) if shuffle else tracks[:length]
    return list(chosen)


def _spoken(rng: Random) -> Spoken:
    content_type = rng.choices(("episode", "chapter", "video"), (14, 4, 2))[0]
    show, number = rng.randint(1, 12), rng.randint(1, 30)
    is_chapter = content_type == "chapter"
    return Spoken(
        content_type=content_type,
        uri=f"spotify:{'chapter' if is_chapter else 'episode'}:{MADE_UP}-{content_type}-{show}-{number}",
        name=f"{'Chapter' if is_chapter else 'Episode'} {number}",
        show=f"{'Sample Audiobook' if is_chapter else 'Sample Show'} {show}",
        duration_ms=(8 + (show * 7 + number * 11) % 48) * MINUTE,
    )
