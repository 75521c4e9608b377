"""Records for property tests: of all kinds, of few things, so that they meet each other; some are dirt."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from helpers.building import Record, envelope

HOURS = st.sampled_from([f"2026-03-0{day}T{hour:02}:00:00Z" for day in (1, 2) for hour in (0, 9, 18)])
NAMES = st.sampled_from([None, "A", "B", "C"])
FEW = st.sampled_from(["1", "2", "3"])
SOURCES = st.sampled_from([None, "spotify-api", "export"])
POPULARITY = st.sampled_from([None, 10, 20, 300])


def artists() -> st.SearchStrategy[Any]:
    with_id = st.builds(lambda i: {"id": f"a{i}", "name": f"Artist {i}"}, FEW)
    by_name = st.builds(lambda name: {"name": name}, NAMES)
    return st.lists(with_id | by_name, max_size=2)


def of_kind(kind: str, payload: st.SearchStrategy[Any]) -> st.SearchStrategy[Record]:
    return st.builds(lambda p, at, source: envelope(kind, p, at, source=source), payload, HOURS, SOURCES)


DATES = st.sampled_from([None, "1999", "2001-05", "2001-05-06", "no date"])
TRACKS = st.fixed_dictionaries(
    {"id": FEW, "name": NAMES},
    optional={
        "popularity": POPULARITY,
        "artists": st.none() | artists(),
        "album": st.fixed_dictionaries({"id": NAMES, "name": NAMES, "release_date": DATES}),
    },
)
ALBUMS = st.fixed_dictionaries(
    {"id": FEW}, optional={"name": NAMES, "artists": artists(), "release_date": DATES, "popularity": POPULARITY}
)
ARTISTS = st.fixed_dictionaries(
    {"id": FEW},
    optional={
        "name": NAMES,
        "popularity": POPULARITY,
        "followers": st.fixed_dictionaries({"total": st.sampled_from([5, 6])}),
        "genres": st.lists(st.sampled_from(["pop", "rap"]), max_size=2),
    },
)
FEATURES = st.fixed_dictionaries(
    {"id": FEW}, optional={"tempo": st.sampled_from([None, 90, 120]), "key": st.integers(-1, 3)}
)
PLAYLISTS = st.fixed_dictionaries(
    {"id": FEW}, optional={"name": NAMES, "followers": st.fixed_dictionaries({"total": st.sampled_from([5, 6])})}
)
POLLS = st.fixed_dictionaries(
    {"user_id": FEW, "played_at": st.sampled_from(["2026-03-01T10:00:00.250Z", "2026-03-02T11:00:00Z"])},
    optional={
        "track": st.fixed_dictionaries({"id": st.just("1"), "name": NAMES}),
        "context": st.fixed_dictionaries({"uri": NAMES}),
    },
)
EXPORTS = st.fixed_dictionaries(
    {"user_id": FEW, "ts": st.just("2026-03-01T10:00:00Z"), "spotify_track_uri": st.just("spotify:track:1")},
    optional={"master_metadata_track_name": NAMES, "ms_played": st.sampled_from([1, 2]), "skipped": st.booleans()},
)
ENTRIES = st.builds(
    lambda total, position, track: {
        "playlist": {"id": "p1", "total": total},
        "position": position,
        "track": track and {"id": track},
    },
    st.sampled_from([None, 0, 2]),
    st.integers(0, 2),
    NAMES,
)
USER_ITEMS = st.builds(
    lambda rank, i, span: {"user_id": "1", "relation": "top", "time_range": span, "rank": rank, "track": {"id": i}},
    st.integers(1, 3),
    FEW,
    st.sampled_from([None, "short_term"]),
)
DIRT: st.SearchStrategy[Record] = st.sampled_from([None, "{", b"\xff", "[1]", {"no": "kind"}, '{"kind": "song"}'])
RECORDS: st.SearchStrategy[Record] = st.one_of(
    of_kind("track", TRACKS),
    of_kind("album", ALBUMS),
    of_kind("artist", ARTISTS),
    of_kind("audio_features", FEATURES),
    of_kind("playlist", PLAYLISTS),
    of_kind("play", POLLS),
    of_kind("play", EXPORTS),
    of_kind("playlist_item", ENTRIES),
    of_kind("user_item", USER_ITEMS),
    DIRT,
)

# Fetches of one thing that two names alternate in: the same payload comes back, early and late.
_NAMED = st.sampled_from(["A", "B"])
_ONE_TRACK = st.builds(lambda name: {"id": "1", "name": name}, _NAMED)
_ONE_PLAY = st.builds(
    lambda name: {"user_id": "1", "played_at": "2026-03-01T10:00:00Z", "track": {"id": "1", "name": name}}, _NAMED
)


def records(least: int) -> st.SearchStrategy[list[Record]]:
    """Lists of at least so many records, of all kinds or of one thing."""
    of_one_thing = (of_kind("track", _ONE_TRACK), of_kind("play", _ONE_PLAY))
    return st.one_of(*[st.lists(each, min_size=least, max_size=40) for each in (RECORDS, RECORDS, *of_one_thing)])
