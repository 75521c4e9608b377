"""Cells become values: numbers, dates, lists and ids however they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from soundlake.imports.lists import as_list, syntax_of
from soundlake.imports.mapping import FieldSource
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import duration, flag, linked_id, made_up_id, parse_number, reader, text


def read(cell: Any, type_: str, **source: Any) -> Any:
    return reader(FieldSource(column="x", **source), type_)(cell)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("48,633,449.00", 48633449.0),
        ("+1,327", 1327),
        ("204053.0", 204053.0),
        ("1.2E+05", 120000.0),
        ("2.33e-5", 2.33e-5),
        (" 7 ", 7),
        ("\u22125", -5),
        ("1\u00a0234", 1234),
        (" ", None),
        ("", None),
        ("NA", None),
        ("nan", None),
        ("\\N", None),
        (12.5, 12.5),
        (float("nan"), None),
    ],
)
def test_numbers_are_read_as_people_and_programs_write_them(cell: Any, number: float | None) -> None:
    assert parse_number(cell) == number


@pytest.mark.parametrize("cell", ["abc", "1,5", "1_000", "12:30", "1 2", "0x10", "inf", True])
def test_what_is_no_number_is_told(cell: Any) -> None:
    with pytest.raises(UnreadableError):
        parse_number(cell)


def test_a_comma_is_the_decimal_point_where_the_mapping_says_so() -> None:
    assert read("1.234,5", "number", decimal=",") == 1234.5


def test_a_whole_number_may_be_written_as_a_float_but_not_be_one() -> None:
    assert read("204053.0", "integer") == 204053
    with pytest.raises(UnreadableError):
        read("3.5", "integer")


def test_numbers_are_scaled_before_something_is_added() -> None:
    assert read("3.2458", "integer", scale=60000) == 194748
    assert read("57", "number", scale=0.01) == 0.57
    assert read("1", "integer", add=-1) == 0


@pytest.mark.parametrize(
    ("cell", "value"),
    [("True", True), ("FALSE", False), ("1", True), ("0.0", False), ("yes", True), ("", None), (True, True)],
)
def test_flags(cell: Any, value: bool | None) -> None:
    assert flag(cell) is value


@pytest.mark.parametrize(("cell", "ms"), [("4:45", 285_000), ("1:02:03", 3_723_000), ("58", 58_000), (" ", None)])
def test_durations_of_a_clock(cell: str, ms: int | None) -> None:
    assert duration(cell) == ms


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2019-06-14", "2019-06-14"),
        ("2019-06", "2019-06"),
        ("1999", "1999"),
        ("2023-12-20 00:00:00 UTC", "2023-12-20"),
        ("2021.0", "2021"),
        (2021, "2021"),
        (date(2021, 5, 1), "2021-05-01"),
        ("", None),
        ("NA", None),
    ],
)
def test_dates_keep_their_precision(cell: Any, day: str | None) -> None:
    assert read(cell, "date") == day


@pytest.mark.parametrize("cell", ["0000", "2017-02-30", "1999-13", 0, 12345])
def test_a_date_that_the_calendar_does_not_have_is_told(cell: Any) -> None:
    with pytest.raises(UnreadableError):
        read(cell, "date")


def test_an_ambiguous_date_is_read_only_as_the_mapping_says() -> None:
    with pytest.raises(UnreadableError):
        read("12/8/2017", "date")
    assert read("12/8/2017", "date", format="%m/%d/%Y") == "2017-12-08"
    assert read("12/8/2017", "date", format=["%Y-%m-%d", "%d/%m/%Y"]) == "2017-08-12"


@pytest.mark.parametrize(
    ("cell", "source", "instant"),
    [
        ("2021-03-27T03:38:09+00:00", {}, "2021-03-27T03:38:09Z"),
        ("2021-03-27T12:38:09.250+09:00", {}, "2021-03-27T03:38:09.250Z"),
        ("2021-03-27 12:00", {"zone": "Asia/Tokyo"}, "2021-03-27T03:00:00Z"),
        ("1616816289", {"format": "epoch_s"}, "2021-03-27T03:38:09Z"),
        ("1616816289000", {"format": "epoch_ms"}, "2021-03-27T03:38:09Z"),
        ("27.03.2021", {"format": "%d.%m.%Y"}, "2021-03-27T00:00:00Z"),
        ("27.03.2021", {"format": "%d.%m.%Y", "zone": "Asia/Tokyo"}, "2021-03-26T15:00:00Z"),
        ("27.03.2021 +0100", {"format": "%d.%m.%Y %z", "zone": "Asia/Tokyo"}, "2021-03-26T23:00:00Z"),
        (datetime(2021, 3, 27, tzinfo=UTC), {"zone": "Asia/Tokyo"}, "2021-03-27T00:00:00Z"),
        (datetime(2021, 3, 27), {"zone": "Asia/Tokyo"}, "2021-03-26T15:00:00Z"),
    ],
)
def test_times_are_given_in_utc(cell: Any, source: dict[str, Any], instant: str) -> None:
    assert read(cell, "time", **source) == instant


@pytest.mark.parametrize(
    ("cell", "syntax", "elements"),
    [
        ("['minneapolis punk', \"rock'n'roll\"]", "literal", ["minneapolis punk", "rock'n'roll"]),
        ('["a", "b"]', "literal", ["a", "b"]),
        ("['a' 'b'\n 'c']", "literal", ["a", "b", "c"]),
        ("[]", "literal", []),
        ("a; b;c", ";", ["a", "b", "c"]),
        ("a;;c", ";", ["a", None, "c"]),
        ("Tyler\\, The Creator, Kali", ",", ["Tyler, The Creator", "Kali"]),
        ("['it\\'s']", "python", ["it's"]),
        ("[1, 2]", "literal", ["1", "2"]),
        (["x"], "literal", ["x"]),
        ("", "literal", None),
    ],
)
def test_lists(cell: Any, syntax: str, elements: list[str] | None) -> None:
    assert as_list(cell, syntax) == elements


ID, OTHER = "6f807x0ima9a1j3VPbc7VN", "0r7CVbZTWZgbTCYdfa2P31"


@pytest.mark.parametrize(
    ("cells", "syntax"),
    [
        (["", None, " ", "NA"], ","),
        (["One", "", "A; B", "C"], ";"),
        (["Emerson; Lake", "A, B", "C, D", "E, F"], ","),
        (["AC/DC", "Earth, Wind & Fire | Someone"], "|"),
        (["['a', 'b']", "", "[]"], "literal"),
        (["[Intro] Song", "A; B"], ";"),
        ([ID, f"{ID},{OTHER}"], ","),
        ([f"spotify:artist:{ID}, spotify:artist:{OTHER}"], ","),
    ],
)
def test_how_lists_are_written_is_decided_for_the_column_from_all_its_cells(cells: list[Any], syntax: str) -> None:
    assert syntax_of(cells) == syntax


def test_of_a_list_of_objects_one_member_is_taken() -> None:
    assert as_list("[{'id': 'x1', 'name': 'One'}, {'id': 'x2'}]", "literal", "id") == ["x1", "x2"]


@pytest.mark.parametrize("cell", ["['a', ", "[__import__('os')]", "[lambda: 0]", "{'a': 1}", "[[1]]"])
def test_what_is_no_list_is_told_and_never_run(cell: str) -> None:
    with pytest.raises(UnreadableError):
        as_list(cell, "literal" if cell.startswith("[") else "python")


@pytest.mark.parametrize(
    ("cell", "thing", "id_"),
    [
        ("spotify:track:6f807x0ima9a1j3VPbc7VN", "track", "6f807x0ima9a1j3VPbc7VN"),
        ("https://open.spotify.com/track/6f807x0ima9a1j3VPbc7VN?si=x", "track", "6f807x0ima9a1j3VPbc7VN"),
        ("https://open.spotify.com/intl-de/album/x1", "album", "x1"),
        ("spotify:user:someone:playlist:p1", "playlist", "p1"),
        ("spotify:episode:e1", "track", None),
        ("spotify:local:a:b:c:123", "track", None),
        ("plain", "track", "plain"),
        (None, "track", None),
    ],
)
def test_the_id_in_a_link_is_an_id_only_of_the_same_kind_of_thing(cell: str, thing: str, id_: str | None) -> None:
    assert linked_id(cell, thing) == id_


@pytest.mark.parametrize("cell", [datetime(1677, 12, 31), datetime(2262, 1, 1, tzinfo=UTC), "1677-12-31"])
def test_a_time_beyond_the_years_that_tables_hold_is_told(cell: Any) -> None:
    with pytest.raises(UnreadableError):
        read(cell, "time")


def test_names_that_look_like_nothing_are_names_unless_the_mapping_says_otherwise() -> None:
    assert [text(name) for name in ("NA", "None", "1999", " ")] == ["NA", "None", "1999", None]
    assert read("NA", "text", null=["NA"]) is None


def test_texts_are_replaced_before_they_are_read() -> None:
    assert [read(c, "integer", map={"C": 0, "C#": 1}) for c in ("C", " C# ", "7")] == [0, 1, 7]


@pytest.mark.parametrize(
    ("source", "cell", "value"),
    [
        ({"before": " - "}, "Artist - Title - Live", "Artist"),
        ({"after": " - "}, "Artist - Title - Live", "Title - Live"),
        ({"match": r"_(\w\w)_"}, "regional_jp_daily", "jp"),
        ({"after": "(", "before": ")"}, "Song (Live)", "Live"),
        ({"before": " - "}, "", None),
    ],
)
def test_a_part_of_a_text_can_be_meant(source: dict[str, str], cell: str, value: str | None) -> None:
    assert read(cell, "text", **source) == value


@pytest.mark.parametrize("source", [{"before": " - "}, {"after": " - "}, {"match": "([0-9]+)"}])
def test_a_text_without_the_part_that_is_meant_is_told(source: dict[str, str]) -> None:
    with pytest.raises(UnreadableError):
        read("Title", "text", **source)


def test_a_made_up_id_says_so_and_is_the_same_for_the_same_name() -> None:
    assert made_up_id("artist", "Someone") == made_up_id("artist", "Someone")
    assert read("Someone", "id", made_up="artist").startswith("soundlake-import-artist:")
