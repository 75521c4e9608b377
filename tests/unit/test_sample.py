from __future__ import annotations

import csv
import gzip
import json
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[2] / "sample"
RECORDS = SAMPLE / "records"
sys.path.insert(0, str(SAMPLE))  # the scripts stand alone: they are no part of the package

import make_sample  # noqa: E402
import sample_plays  # noqa: E402
from sample_charts import MARKETS, read_charts  # noqa: E402
from sample_dirt import odd_records  # noqa: E402
from sample_flaws import FLAWS, SLIPS  # noqa: E402
from sample_records import FOLDERS, Track  # noqa: E402
from sample_roads import poll_records  # noqa: E402
from sample_songs import read_songs  # noqa: E402

pytestmark = pytest.mark.heavy

PERSONAL = {"ip_addr", "ip_addr_decrypted", "user_agent", "user_agent_decrypted", "username", "email", "display_name"}
MADE_UP_ARTIST = re.compile(r"soundlake-sample-artist:[0-9a-f]{10}")
SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
SONGS, CHARTS, GENERATED = "tidytuesday-2020-01-21", "spotify-top50-archive", "soundlake-sample"


# --- the files that are in the repository


@cache
def lines(folder: str) -> list[bytes]:
    return [line for part in sorted((RECORDS / folder).glob("*.gz")) for line in gzip.open(part)]


@cache
def objects(folder: str) -> list[dict[str, Any]]:
    """The records that are JSON objects, envelopes and bare."""
    found = []
    for line in lines(folder):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            found.append(record)
    return found


def payloads(folder: str, source: str) -> list[dict[str, Any]]:
    records = (r for r in objects(folder) if r.get("source") == source)
    return [r["payload"] for r in records if isinstance(r["payload"], dict)]


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(inner)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def identity(play: dict[str, Any]) -> tuple[str, str, str]:
    """User, content and second of a play."""
    uri = (play.get("track") or {}).get("uri") or play.get("spotify_track_uri") or play.get("spotify_episode_uri")
    return play["user_id"], uri or play["audiobook_chapter_uri"], (play.get("played_at") or play["ts"])[:19]


def whole_plays(road: str) -> list[dict[str, Any]]:
    """Envelopes of plays of one road (played_at or ts) that are not broken."""
    return [
        r
        for r in objects("plays")
        if r.get("kind") == "play"
        and isinstance(r["payload"].get(road), str)
        and r["payload"][road][:2] == "20"
        and r["payload"].get("user_id")
        and (road == "ts" or r["payload"]["track"])
    ]


def test_the_bundled_files_stay_under_4_mb() -> None:
    assert sum(path.stat().st_size for path in RECORDS.glob("*/*.gz")) < 4_000_000


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_the_readme_counts_what_is_there(folder: str) -> None:
    row = re.search(rf"^\| `{folder}` \| (\d+) \| ([\d,]+) \|", (SAMPLE / "README.md").read_text(), re.MULTILINE)
    assert row is not None
    files = len(list((RECORDS / folder).glob("*.gz")))
    assert (int(row[1]), int(row[2].replace(",", ""))) == (files, len(lines(folder)))


def test_the_readme_lists_every_broken_record_with_its_reason() -> None:
    readme = (SAMPLE / "README.md").read_text()
    assert all(f"| {flaw.kind} | {flaw.origin} | {flaw.reason} |" in readme for flaw in FLAWS)
    assert all(f"| {slip.kind} | `{'.'.join(slip.path)}` |" in readme for slip in SLIPS)


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_nobody_is_in_the_records(folder: str) -> None:
    assert not PERSONAL & {key for record in objects(folder) for key in keys(record)}


def test_users_have_neutral_names() -> None:
    users = {p["user_id"] for p in payloads("plays", GENERATED) + payloads("user_items", GENERATED) if p.get("user_id")}
    assert len(users) == 150
    assert all(re.fullmatch(r"user-\d{3}", user) for user in users)


def test_made_up_artist_ids_say_so_and_real_ones_are_untouched() -> None:
    songs = {a["id"] for p in payloads("tracks", SONGS) for a in p.get("artists", [])}
    charts = {a["id"] for p in payloads("tracks", CHARTS) for a in p.get("artists", [])}
    assert songs
    assert all(MADE_UP_ARTIST.fullmatch(id_) for id_ in songs)
    assert charts
    assert all(SPOTIFY_ID.fullmatch(id_) for id_ in charts)


def test_artists_name_the_source_of_their_genres_and_nothing_that_is_unknown() -> None:
    artists = [p for p in payloads("artists", SONGS) if p.get("id")]
    assert {p["genre_source"] for p in artists} == {"playlist"}
    assert all(1 <= len(p["genres"]) <= 4 for p in artists)
    assert not any("popularity" in p for p in artists)


def test_every_track_of_the_songs_has_its_audio_features() -> None:
    tracks = {p["id"] for p in payloads("tracks", SONGS) if isinstance(p.get("id"), str)} - {""}
    features = {p["id"] for p in payloads("audio_features", SONGS) if "id" in p}
    assert tracks == features


def test_playlist_fetches_are_complete() -> None:
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    totals: dict[tuple[str, str], int] = {}
    for record in objects("playlist_items"):
        playlist, position = record["payload"].get("playlist", {}), record["payload"].get("position")
        if record["source"] != GENERATED and "id" in playlist and isinstance(position, int):
            fetch = (playlist["id"], record["fetched_at"])
            places[fetch].add(position)
            totals[fetch] = playlist["total"]
    assert len(places) == 87 + 532
    assert all(places[fetch] == set(range(total)) for fetch, total in totals.items())


def test_some_days_have_several_snapshots_of_a_chart() -> None:
    items = [r for r in objects("playlist_items") if r["payload"].get("playlist", {}).get("name") == "Top 50 - Japan"]
    fetches = {(r["payload"]["playlist"]["name"], r["fetched_at"]) for r in items}
    days = Counter((playlist, fetched_at[:10]) for playlist, fetched_at in fetches)
    assert max(days.values()) > 1


def test_there_are_months_of_plays_with_a_daily_rhythm() -> None:
    plays = {identity(r["payload"]) for road in ("played_at", "ts") for r in whole_plays(road)}
    assert 40_000 < len(plays) < 60_000
    assert min(p[2] for p in plays)[:7] == "2021-03"
    assert max(p[2] for p in plays)[:7] == "2021-07"


def test_polls_come_as_late_as_in_real_life() -> None:
    first: dict[tuple[str, str, str], float] = {}
    for record in whole_plays("played_at"):
        hours = (seconds(record["fetched_at"]) - seconds(record["payload"]["played_at"])) / 3600
        first[identity(record["payload"])] = min(hours, first.get(identity(record["payload"]), hours))
    for bare in (r for r in objects("plays") if "user_id" in r):  # it may have come before its repeats
        first.pop(identity(bare), None)
    cuts = statistics.quantiles(first.values(), n=100)
    assert min(first.values()) > 0
    assert 0.3 < cuts[49] < 0.7
    assert 2 < cuts[94] < 5
    assert 20 < cuts[98] < 50
    assert 150 < max(first.values()) < 232


def test_a_handful_of_percent_of_polled_plays_repeats() -> None:
    polled = Counter(identity(r["payload"]) for r in whole_plays("played_at"))
    assert 0.03 < 1 - len(polled) / polled.total() < 0.09


def test_some_plays_arrive_by_both_roads() -> None:
    polled, exported = ({identity(r["payload"]) for r in whole_plays(road)} for road in ("played_at", "ts"))
    assert len(polled & exported) > 1_000


def test_plays_are_of_tracks_and_of_spoken_things_with_neutral_names() -> None:
    exported = [r["payload"] for r in whole_plays("ts")]
    episodes = [p for p in exported if "spotify_episode_uri" in p]
    chapters = [p for p in exported if "audiobook_chapter_uri" in p]
    assert {p.get("content_type") for p in episodes} == {None, "video"}
    assert all(re.fullmatch(r"Sample Show \d+", p["episode_show_name"]) for p in episodes)
    assert all(re.fullmatch(r"Sample Audiobook \d+", p["audiobook_title"]) for p in chapters)
    assert chapters


def test_about_two_in_five_polled_plays_have_no_context() -> None:
    contexts = [r["payload"]["context"] for r in whole_plays("played_at")]
    assert 0.33 < contexts.count(None) / len(contexts) < 0.46


def test_played_tracks_exist() -> None:
    known = {p["id"] for source in (SONGS, CHARTS) for p in payloads("tracks", source) if isinstance(p.get("id"), str)}
    played = {r["payload"]["track"]["id"] for r in whole_plays("played_at")} - {None}
    assert played <= known


# --- the scripts, on small inputs


def song(track: str, playlist: str, subgenre: str, **changes: str) -> dict[str, str]:
    row = {
        "track_id": track,
        "track_name": f"Café {track}",
        "track_artist": f"Artist of {track}",
        "track_popularity": "50",
        "track_album_id": f"album-{track}",
        "track_album_name": f"Album of {track}",
        "track_album_release_date": "2019-06-14",
        "playlist_name": f"Name of {playlist}",
        "playlist_id": playlist,
        "playlist_genre": "pop",
        "playlist_subgenre": subgenre,
        **dict.fromkeys(["danceability", "energy", "speechiness", "acousticness"], "0.5"),
        **dict.fromkeys(["instrumentalness", "liveness", "valence"], "0.25"),
        "key": "6",
        "loudness": "-2.6",
        "mode": "1",
        "tempo": "122.036",
        "duration_ms": "194754",
    }
    return {**row, **changes}


def chart(commit_at: str, name: str, position: int, **changes: str) -> dict[str, str]:
    row = {
        "commit_at": commit_at,
        "playlist_name": name,
        "playlist_id": name.replace(" ", ""),
        "position": str(position),
        "track_id": f"hit-{position}",
        "track_name": f"Hit {position}",
        "artist_ids": "one;two",
        "artist_names": "One; Two",
        "album_id": f"record-{position}",
        "album_name": f"Record {position}",
        "length": "3:26",
    }
    return {**row, **changes}


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    rows = [song(f"{s}{p}{t}", f"{s}-{p}", s) for s in ("rock", "trap", "soul") for p in "12345" for t in range(8)]
    rows += [
        song("rock10", "rock-5", "rock"),  # a track of another playlist
        song("year", "rock-1", "rock", track_album_release_date="1975"),
        song("month", "rock-1", "rock", track_album_release_date="1975-03"),
        song("nameless", "trap-4", "trap", track_name="NA", track_artist="NA", track_album_name="NA"),
        song("soul50", "soul-5", "rock"),  # the playlist again, under another subgenre
    ]
    return write_csv(tmp_path / "songs.csv.gz", rows)


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    names = MARKETS
    rows = [chart("2021-03-12T01:02:03+00:00", name, position) for name in names for position in (1, 2, 3)]
    rows += [chart("2021-03-13T20:00:00-05:00", "Top 50 - Global", 1, length="46", track_name="Hit 1 (Remix)")]
    rows += [chart("2021-03-13T20:00:00-05:00", "Top 50 - USA", 1)]
    return write_csv(tmp_path / "charts.csv.gz", rows)


@pytest.fixture
def two_weeks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_plays, "DAYS", 14)


def made(songs: Path, charts: Path, seed: int = 1) -> dict[str, list[dict[str, Any]]]:
    """The records by kind, without those that are no objects."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, files in make_sample.sample_parts(songs, charts, seed).items():
        for line in (line for file in files for line in file if line.startswith(b'{"kind"') and line.endswith(b"}}")):
            try:
                found[kind].append(json.loads(line))
            except ValueError:  # not UTF-8, or cut off between two braces
                continue
    return found


def good(records: list[dict[str, Any]], id_: str) -> list[dict[str, Any]]:
    """The records of one thing that are neither slips nor flaws."""
    odd = ("2021-07-09T00:00:00Z", "2999-01-01T00:00:00Z")
    return [r for r in records if r["fetched_at"] not in odd and r["payload"].get("id") == id_]


def test_the_same_inputs_and_seed_give_the_same_bytes(
    tmp_path: Path, songs: Path, charts: Path, two_weeks: None
) -> None:
    sizes = [make_sample.write_sample(make_sample.sample_parts(songs, charts, 7), tmp_path / out) for out in "ab"]
    first, second = (
        {p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*.gz")} for out in "ab"
    )
    assert first == second
    assert sizes == [sum(map(len, first.values()))] * 2


def test_another_seed_gives_other_plays(songs: Path, charts: Path, two_weeks: None) -> None:
    assert make_sample.sample_parts(songs, charts, 1)["play"] != make_sample.sample_parts(songs, charts, 2)["play"]


def test_all_flaws_and_slips_are_mixed_in(
    songs: Path, charts: Path, two_weeks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dirty = make_sample.sample_parts(songs, charts, 1)
    monkeypatch.setattr(make_sample, "mix_in", lambda parts, _rng: parts)
    clean = make_sample.sample_parts(songs, charts, 1)
    odd = sum(map(len, odd_records({"id": "x", "name": "X"}).values()))
    count = {
        name: sum(len(f) for files in parts.values() for f in files) for name, parts in (("d", dirty), ("c", clean))
    }
    assert count["d"] - count["c"] == len(FLAWS) + len(SLIPS) + odd


def test_no_file_begins_with_a_broken_record(songs: Path, charts: Path, two_weeks: None) -> None:
    parts = make_sample.sample_parts(songs, charts, 3)
    firsts = [file[0] for files in parts.values() for file in files]
    assert all(isinstance(json.loads(line), dict) for line in firsts)


def test_a_track_in_two_playlists_is_repeated_as_in_the_file(songs: Path, charts: Path, two_weeks: None) -> None:
    records = made(songs, charts)
    assert len(good(records["track"], "rock10")) == 1  # rock-5 is not kept
    assert len(good(records["track"], "soul50")) == 2


def test_playlists_are_kept_whole_or_not_at_all(songs: Path) -> None:
    kept = Counter(row["playlist_id"] for row in read_songs(songs, playlists_per_subgenre=3))
    firsts = {
        "rock-1": 10,
        **{f"{s}-{p}": 8 for s in ("rock", "trap", "soul") for p in "123" if (s, p) != ("rock", "1")},
    }
    assert kept == {**firsts, "trap-4": 9, "soul-5": 9}


def test_a_repeated_entry_keeps_its_place(songs: Path, charts: Path, two_weeks: None) -> None:
    items = [r["payload"] for r in made(songs, charts)["playlist_item"]]
    places = {
        i["position"] for i in items if i.get("playlist", {}).get("id") == "soul-5" and i["track"]["id"] == "soul50"
    }
    assert places == {0}
    assert {i["playlist"]["total"] for i in items if i.get("playlist", {}).get("id") == "soul-5"} == {8}


def test_a_missing_name_is_null_and_its_artist_unknown(songs: Path, charts: Path, two_weeks: None) -> None:
    (record, *_) = good(made(songs, charts)["track"], "nameless")
    assert record["payload"]["name"] is None
    assert record["payload"]["album"]["name"] is None
    assert "artists" not in record["payload"]


@pytest.mark.parametrize(("track", "precision"), [("year", "year"), ("month", "month"), ("rock11", "day")])
def test_a_release_date_has_the_precision_of_its_text(
    songs: Path, charts: Path, two_weeks: None, track: str, precision: str
) -> None:
    (record, *_) = good(made(songs, charts)["track"], track)
    assert record["payload"]["album"]["release_date_precision"] == precision


def test_charts_count_from_0_and_in_utc(songs: Path, charts: Path, two_weeks: None) -> None:
    records = [r for r in made(songs, charts)["playlist_item"] if r["source"] == CHARTS]
    assert {r["fetched_at"] for r in records} == {"2021-03-12T01:02:03Z", "2021-03-14T01:00:00Z"}
    assert {r["payload"].get("position") for r in records} - {None, "first"} == {0, 1, 2}


def test_charts_but_japan_and_global_are_kept_on_fridays(charts: Path) -> None:
    late = {row["playlist_name"] for row in read_charts(charts) if row["fetched_at"] > "2021-03-13"}
    assert late == {"Top 50 - Global"}


def test_a_charted_track_is_recorded_again_when_it_changed(songs: Path, charts: Path, two_weeks: None) -> None:
    records = good(made(songs, charts)["track"], "hit-1")
    assert [(r["payload"]["name"], r["payload"]["duration_ms"]) for r in records] == [
        ("Hit 1", 206_000),
        ("Hit 1 (Remix)", 46_000),
    ]


def test_polled_plays_are_in_the_order_of_arrival_and_never_early() -> None:
    track = Track("id", "Name", "a", "Artist", "b", "Album", 200_000, 50, None)
    ends = [1_615_000_000_000 + n * 1_800_000 for n in range(500)]
    plays = [sample_plays.Play(track, end, 200_000, None, "clickrow", "trackdone", False, False, "ios") for end in ends]
    arrivals = list(poll_records("user-001", plays, Random(4)))  # noqa: S311
    assert [a for a, _ in arrivals] == sorted(a for a, _ in arrivals)
    assert all(a / 1000 > seconds(r.get("payload", r)["played_at"]) for a, r in arrivals)
    assert {r.get("payload", r)["played_at"][:16] for _, r in arrivals} >= {"2021-03-06T03:06"}


def test_skipped_and_spoken_plays_are_not_polled() -> None:
    episode = sample_plays.Spoken("episode", "spotify:episode:x", "Episode 1", "Sample Show 1", 600_000)
    track = Track("id", "Name", "a", "Artist", "b", "Album", 200_000, 50, None)
    plays = [
        sample_plays.Play(episode, 1_615_000_000_000, 600_000, None, "clickrow", "endplay", False, False, "ios"),
        sample_plays.Play(track, 1_615_000_100_000, 29_999, None, "clickrow", "fwdbtn", False, True, "ios"),
    ]
    assert list(poll_records("user-001", plays, Random(4))) == []  # noqa: S311
