"""Which track a play without an id is of: by the code of the recording, else by names; what is not sure is not said."""

from __future__ import annotations

from typing import Any

import pytest

from soundlake.matching.names import Title, artists_of, plain, plain_isrc, title_of
from soundlake.matching.tracks import (
    BY_ISRC,
    BY_NAMES,
    BY_SIMILAR_NAMES,
    Match,
    PlayedTrack,
    Track,
    TrackMatcher,
    Wanted,
    Way,
)


def track(track_id: str, name: str, *artists: str, artist_id: str | None = "a", **more: Any) -> Track:
    return Track(track_id, name, artists, artist_id=artist_id, **more)


def found(heard: PlayedTrack, *tracks: Track) -> Match | None:
    return TrackMatcher(tracks).match(heard)


# What a play says, what the track is called, and how sure it is that they are the same; None where it is not said.
GOLDEN: list[tuple[tuple[str, str], tuple[str, ...], Way | None]] = [
    # spelling
    (("Ana", "Uno"), ("Uno", "Ana"), BY_NAMES),
    (("ANA", " uno "), ("Uno", "Ana"), BY_NAMES),
    (("Beyonce", "Deja Vu"), ("Déjà Vu", "Beyoncé"), BY_NAMES),
    (("Guns N’ Roses", "Sweet Child o’ Mine"), ("Sweet Child O' Mine", "Guns N' Roses"), BY_NAMES),
    (("AC/DC", "T.N.T."), ("T.N.T", "AC/DC"), BY_NAMES),
    (("P!nk", "So What"), ("So What", "P!nk"), BY_NAMES),
    (("!!!", "???"), ("???", "!!!"), BY_NAMES),
    (("Simon and Garfunkel", "The Boxer"), ("The Boxer", "Simon & Garfunkel"), BY_NAMES),
    (("The Rolling Stones", "Satisfaction"), ("(I Can't Get No) Satisfaction", "The Rolling Stones"), None),
    (("Ana", "Uno"), ("Due", "Ana"), None),
    (("Ana", "Uno"), ("Uno", "Bea"), None),
    # scripts
    (("椎名林檎", "丸ノ内サディスティック"), ("丸ノ内サディスティック", "椎名林檎"), BY_NAMES),
    (("ＹＯＡＳＯＢＩ", "夜に駆ける"), ("夜に駆ける", "YOASOBI"), BY_NAMES),
    (("ｽﾋﾟｯﾂ", "ﾛﾋﾞﾝｿﾝ"), ("ロビンソン", "スピッツ"), BY_NAMES),
    (("スピッツ", "ハル"), ("バル", "スピッツ"), None),  # the marks of kana make other letters
    (("五月天", "突然好想你 (Live)"), ("突然好想你", "五月天"), None),
    (("五月天", "突然好想你（现场）"), ("突然好想你 (现场)", "五月天"), BY_NAMES),
    (("아이유", "좋은 날"), ("좋은 날", "아이유"), BY_NAMES),
    (("Кино", "Группа крови"), ("ГРУППА КРОВИ", "КИНО"), BY_NAMES),
    (("Sigur Rós", "Hoppípolla"), ("Hoppipolla", "Sigur Ros"), BY_NAMES),
    # recordings
    (("Ana", "Uno"), ("Uno - Live at Wembley", "Ana"), None),
    (("Ana", "Uno (Live)"), ("Uno - Live at Wembley", "Ana"), None),
    (("Ana", "Uno (Live at Wembley)"), ("Uno - Live at Wembley", "Ana"), BY_NAMES),
    (("Ana", "Uno"), ("Uno - Bea Remix", "Ana"), None),
    (("Ana", "Uno (Cia Remix)"), ("Uno - Bea Remix", "Ana"), None),
    (("Ana", "Uno [Radio Edit]"), ("Uno - Radio Edit", "Ana"), BY_NAMES),
    (("Ana", "Uno (Taylor's Version)"), ("Uno", "Ana"), None),
    (("Ana", "Uno - Acoustic"), ("Uno", "Ana"), None),
    (("Ana", "Live and Let Die"), ("Live And Let Die", "Ana"), BY_NAMES),
    (("Ana", "Symphony No. 5 - I. Allegro"), ("Symphony No. 5: I. Allegro", "Ana"), BY_NAMES),
    (("Ana", "Symphony No. 5 - I. Allegro"), ("Symphony No. 5 - II. Andante", "Ana"), None),
    # editions
    (("Ana", "Uno - 2011 Remaster"), ("Uno - 2011 Remaster", "Ana"), BY_NAMES),
    (("Ana", "Uno"), ("Uno - Remastered 2011", "Ana"), BY_SIMILAR_NAMES),
    (("Ana", "Uno - Remastered 2009"), ("Uno - Remastered 2011", "Ana"), BY_SIMILAR_NAMES),
    (("Ana", "Uno (Single Version)"), ("Uno", "Ana"), BY_SIMILAR_NAMES),
    (("Ana", "Uno - Remasterisé en 2011"), ("Uno", "Ana"), None),
    (("Ana", "Uno (En Vivo)"), ("Uno", "Ana"), None),
    (("スピッツ", "ロビンソン (リマスター)"), ("ロビンソン", "スピッツ"), BY_SIMILAR_NAMES),
    (("スピッツ", "ロビンソン (ライヴ)"), ("ロビンソン", "スピッツ"), None),
    (("Ana", "Uno (Live) - Remastered 2011"), ("Uno - Remastered 2011", "Ana"), None),
    # guests
    (("Ana", "Uno (feat. Bea)"), ("Uno (feat. Bea)", "Ana", "Bea"), BY_NAMES),
    (("Ana", "Uno ft. Bea"), ("Uno", "Ana", "Bea"), BY_NAMES),
    (("Ana", "Uno"), ("Uno (feat. Bea)", "Ana", "Bea"), BY_SIMILAR_NAMES),
    (("Ana", "Uno (feat. Cia)"), ("Uno", "Ana"), BY_SIMILAR_NAMES),
    (("Ana", "Uno (feat. Cia)"), ("Uno (feat. Bea)", "Ana", "Bea"), None),
    (("Ana", "色彩 (feat. 初音ミク)"), ("色彩 (feat. 初音ミク)", "Ana", "初音ミク"), BY_NAMES),
    # several artists
    (("Queen & David Bowie", "Under Pressure"), ("Under Pressure", "Queen", "David Bowie"), BY_NAMES),
    (("Queen", "Under Pressure"), ("Under Pressure", "Queen", "David Bowie"), BY_NAMES),
    (("David Bowie", "Under Pressure"), ("Under Pressure", "Queen", "David Bowie"), BY_SIMILAR_NAMES),
    (("Ana, Bea", "Uno"), ("Uno", "Ana", "Bea", "Cia"), BY_SIMILAR_NAMES),
    (("Ana, Dora", "Uno"), ("Uno", "Ana", "Bea"), None),
    (("Tyler, The Creator", "See You Again"), ("See You Again", "Tyler, The Creator", "Kali Uchis"), BY_NAMES),
    (("Ana、Bea", "Uno"), ("Uno", "Ana", "Bea"), BY_NAMES),
    (("Ana feat. Bea", "Uno"), ("Uno", "Ana", "Bea"), BY_NAMES),
]


@pytest.mark.parametrize(("heard", "names", "way"), GOLDEN)
def test_names(heard: tuple[str, str], names: tuple[str, ...], way: Way | None) -> None:
    artist, title = heard
    match = found(PlayedTrack(title, artist), track("t", *names))
    assert match == (None if way is None else Match("t", way))


def test_a_code_goes_before_names() -> None:
    heard = PlayedTrack("Uno (Live)", "Ana", isrc="US-XX1-20-00001")
    assert found(heard, track("t1", "Uno", "Ana", isrc="usxx12000001"), track("t2", "Uno (Live)", "Ana")) == Match(
        "t1", BY_ISRC
    )


def test_a_code_with_other_names_is_taken_for_a_mistake() -> None:
    heard = PlayedTrack("Uno", "Ana", isrc="USXX12000001")
    other, right = track("t1", "Due", "Bea", isrc="USXX12000001"), track("t2", "Uno", "Ana")
    assert found(heard, other) is None
    assert found(heard, other, right) == Match("t2", BY_NAMES)


def test_a_code_needs_no_names() -> None:
    assert found(PlayedTrack(None, None, isrc="USXX12000001"), track("t1", "Uno", "Ana", isrc="USXX12000001")) == Match(
        "t1", BY_ISRC
    )


def test_what_is_no_code_says_nothing() -> None:
    assert [plain_isrc(text) for text in ("usxx1-20-00001", "", None, "12", "USXX120000011")] == [
        "USXX12000001",
        *[None] * 4,
    ]


def test_namesakes_are_not_matched() -> None:
    assert found(PlayedTrack("Uno", "Ana"), track("t1", "Uno", "Ana"), track("t2", "Uno", "Ana", artist_id="b")) is None


def test_of_namesakes_the_album_decides() -> None:
    tracks = (
        track("t1", "Uno", "Ana", album_name="First"),
        track("t2", "Uno", "Ana", artist_id="b", album_name="Other"),
    )
    assert found(PlayedTrack("Uno", "Ana", "other"), *tracks) == Match("t2", BY_NAMES)
    assert found(PlayedTrack("Uno", "Ana", "neither"), *tracks) is None


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ({"isrc": "USXX12000001"}, {"isrc": "USXX12000001"}, True),
        ({"duration_ms": 200_000}, {"duration_ms": 201_500}, True),
        ({"duration_ms": 200_000}, {"duration_ms": 260_000}, False),
        ({"duration_ms": 200_000}, {}, False),
        ({}, {}, False),
    ],
)
def test_releases_of_one_recording_are_one(first: dict[str, Any], second: dict[str, Any], is_one: bool) -> None:
    tracks = (track("t2", "Uno", "Ana", **first), track("t1", "Uno", "Ana", **second))
    assert found(PlayedTrack("Uno", "Ana"), *tracks) == (Match("t1", BY_NAMES) if is_one else None)


def test_the_same_names_go_before_similar_ones() -> None:
    tracks = (track("t1", "Uno - Remastered 2011", "Ana"), track("t2", "Uno", "Ana"))
    assert found(PlayedTrack("Uno", "Ana"), *tracks) == Match("t2", BY_NAMES)


def test_the_order_of_a_catalogue_does_not_matter() -> None:
    tracks = [track(f"t{n}", "Uno", "Ana", duration_ms=200_000 + n) for n in range(4)]
    assert (
        found(PlayedTrack("Uno", "Ana"), *tracks)
        == found(PlayedTrack("Uno", "Ana"), *reversed(tracks))
        == Match("t0", BY_NAMES)
    )


def test_a_catalogue_may_leave_aside_what_is_not_wanted() -> None:
    wanted = Wanted([PlayedTrack("Uno (Live)", "Ana"), PlayedTrack(None, None, isrc="USXX12000001")])
    assert wanted.has("UNO", None)
    assert wanted.has("Other", "usxx12000001")
    assert not wanted.has("Other", None)
    assert not wanted.has(None, None)


def test_a_title_is_taken_apart() -> None:
    assert title_of("Uno (feat. Bea & Cia) [Live in Rome] - 2011 Remaster") == Title(
        "uno", "live in rome", "2011 remaster", frozenset({"bea", "cia"})
    )


@pytest.mark.parametrize("text", ["(Live)", "Remix", "- Live", "feat. Bea", "???", "", " ", "( )", "((", "a - b - c"])
def test_a_title_has_a_song_whatever_it_is(text: str) -> None:
    assert title_of(text).song or not text.strip()


def test_artists_of_a_credit() -> None:
    assert artists_of("Ana, Bea & Cia feat. Dora x Eva") == ("ana", "bea", "cia", "dora", "eva")
    assert plain("Xavier & the Exes") == "xavier and the exes"
