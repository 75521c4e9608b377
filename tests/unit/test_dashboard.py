"""What the pages show and how they choose, without a browser: small marts on disk, Streamlit's own test runner."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from socket import socket
from typing import Any

import duckdb
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from helpers.listenings import plays_alone
from helpers.marts import small_lake, write_mart
from helpers.pages import draw, table, told, well
from helpers.services.athena import athena_service
from soundlake import cli
from soundlake.catalog import athena, local
from soundlake.catalog.delta import open_table
from soundlake.dashboard import extract_now, sql
from soundlake.dashboard.answer import as_csv
from soundlake.dashboard.command import server
from soundlake.insights import load_insights
from soundlake.settings import Settings
from soundlake.tables import Table

pytestmark = pytest.mark.heavy

VIEWS = sorted(
    file.name.removesuffix(".py")
    for file in files("soundlake.dashboard.views").iterdir()
    if file.name.endswith(".py") and not file.name.startswith("_")
)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return small_lake(tmp_path / "lake")


@pytest.fixture(scope="module")
def lake_of_plays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plays_alone(tmp_path_factory.mktemp("plays") / "lake")


@pytest.mark.parametrize("view", VIEWS)
def test_a_lake_that_is_not_there_is_explained_in_place(view: str, tmp_path: Path) -> None:
    page = draw(view, tmp_path / "none")
    assert page.title[0].value
    assert any("there is no lake at" in text and "run demo or stream" in text for text in told(page))


@pytest.mark.parametrize("view", VIEWS)
def test_a_table_that_is_missing_is_explained_with_the_job_that_makes_it(view: str, tmp_path: Path) -> None:
    (tmp_path / "bronze").mkdir()
    page = draw(view, tmp_path)
    expected = "there are no tables" if view == "overview" else f"--lake {tmp_path}"
    assert any(expected in text for text in told(page))


@pytest.mark.parametrize("view", VIEWS)
def test_a_lake_of_plays_alone_is_drawn_as_far_as_it_goes(view: str, lake_of_plays: Path) -> None:
    well(draw(view, lake_of_plays))


def test_a_page_says_of_which_kinds_no_record_came(lake_of_plays: Path) -> None:
    captions = [caption.value for caption in draw("genres", lake_of_plays).caption]
    assert any("No records of kind artist, track have come" in caption for caption in captions)


@pytest.mark.parametrize(
    ("view", "jobs"),
    [
        ("top_albums", {"build_insights"}),
        ("live", {"stream"}),
        ("recommendations", {"recommend"}),
        ("clusters", {"build_insights", "train_clusters"}),
    ],
)
def test_each_table_has_its_job(view: str, jobs: set[str], tmp_path: Path) -> None:
    (tmp_path / "bronze").mkdir()
    named = {code.value.split()[1] for code in draw(view, tmp_path).code}
    assert named == jobs


@pytest.mark.parametrize("view", VIEWS)
def test_what_athena_says_is_told_in_place(view: str, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(athena, "_FIRST_WAIT", 0.001)
    with athena_service() as service:
        service.states, service.reason = (
            ["FAILED"],
            "TABLE_NOT_FOUND: Table 'awsdatacatalog.soundlake.gold_x' does not exist",
        )
        page = draw(view, lake, "catalog.type=glue", f"athena.endpoint_url={service.url}")
    if view == "overview":
        assert "Athena is not asked for table sizes" in told(page)[0]
        return
    assert "`gold_x` is not there yet. This makes it:" in told(page)
    assert any("register_tables" in caption.value for caption in page.caption)


def test_top_albums_are_in_the_order_and_number_that_is_chosen(lake: Path) -> None:
    page = draw("top_albums", lake)
    assert [row["album_name"] for row in table(page)] == ["夜に駆ける", "O'Neil's", "Three"]
    page.radio[0].set_value("plays")
    assert [(row["place"], row["plays"]) for row in table(well(page.run()))] == [(1, 50), (2, 7), (3, 5)]


@pytest.mark.parametrize(
    ("choose", "left"),
    [
        (lambda page: page.multiselect[0].set_value(["single"]), ["Three"]),
        (lambda page: page.text_input[0].set_value("o'neil"), ["O'Neil's"]),
        (lambda page: page.text_input[0].set_value("夜に"), ["夜に駆ける"]),
        (lambda page: page.date_input[0].set_value("2020-01-01"), ["夜に駆ける", "O'Neil's"]),
    ],
)
def test_each_filter_of_top_albums_leaves_what_fits(
    choose: Callable[[AppTest], Any], left: list[str], lake: Path
) -> None:
    page = draw("top_albums", lake)
    choose(page)
    assert [row["album_name"] for row in table(well(page.run()))] == left


def test_a_choice_without_rows_says_so(lake: Path) -> None:
    page = draw("top_albums", lake)
    page.text_input[0].set_value("%")
    assert "No rows fit this choice." in told(well(page.run()))[0]


def test_genres_are_the_largest_by_the_measure_unless_chosen(lake: Path) -> None:
    page = draw("genres", lake)
    assert page.multiselect[0].value == ["j-pop", "rock"]
    assert [(row["genre"], row["plays"]) for row in table(page)] == [
        ("j-pop", 10),
        ("rock", 3),
        ("j-pop", 20),
        ("rock", 6),
    ]
    page.multiselect[0].set_value(["rock"])
    page.select_slider[0].set_range("2021-02", "2021-02")
    assert [(row["genre"], row["plays"]) for row in table(well(page.run()))] == [("rock", 6)]


def test_what_was_chosen_stays_chosen_when_another_filter_changes(lake: Path) -> None:
    page = draw("genres", lake)
    page.multiselect[0].set_value(["rock"])
    well(page.run())
    page.selectbox[0].set_value("listeners")
    assert {row["genre"] for row in table(well(page.run()))} == {"rock"}
    page.select_slider[0].set_range("2021-02", "2021-02")
    assert [row["genre"] for row in table(well(page.run()))] == ["rock"]


def test_a_filter_without_options_is_not_offered(lake: Path) -> None:
    write_mart(lake, "top_albums", {"album_name": "One", "rank": 1, "score": 1.0, "release_date": date(2021, 1, 1)})
    assert [filter_.label for filter_ in draw("top_albums", lake).multiselect] == []


def test_artists_are_summed_over_the_months_that_are_chosen(lake: Path) -> None:
    page = draw("artists", lake)
    assert [(row["artist_name"], row["plays"]) for row in table(page)] == [("Ana", 18), ("椎名林檎", 10)]
    page.radio[0].set_value("hours")
    assert [(row["artist_name"], row["hours"]) for row in table(well(page.run()))] == [("椎名林檎", 8.0), ("Ana", 2.0)]


def test_live_tells_rate_lag_and_rejects(lake: Path) -> None:
    shown = {metric.label: metric.value for metric in draw("live", lake).metric}
    assert {name: shown[name] for name in ("Records a second", "Lag", "Batches", "Rejected")} == {
        "Records a second": "50",
        "Lag": "30",
        "Batches": "1",
        "Rejected": "2",
    }


def test_data_quality_tells_verdicts_and_filters_rejects(lake: Path) -> None:
    page = draw("quality", lake)
    assert (page.metric[0].label, page.metric[0].value) == ("Accepted, 90.00%", "90")
    assert {(row["reason"], row["kind"], row["records"]) for row in table(page, 1)} == {
        ("not_json", "track", 1),
        ("missing_id", "unknown", 1),
    }
    page.multiselect[0].set_value(["not_json"])
    assert [row["example"] for row in table(well(page.run()), 2)] == ["a $ and a *"]


def test_clusters_show_sizes_and_examples_beside_what_is_missing(lake: Path) -> None:
    page = draw("clusters", lake)
    assert [row["cluster_name"] for row in table(page)] == ["calm", "loud"]
    page.radio[0].set_value("plays")
    assert [row["plays"] for row in table(well(page.run()))] == [9, 1]
    page.selectbox[0].set_value("loud")
    assert [row["track_name"] for row in table(well(page.run()), 1)] == ["二"]


def test_every_insight_that_is_there_can_be_looked_at(lake: Path) -> None:
    page = draw("explore", lake)
    names = {insight.title: insight.name for insight in load_insights()}
    assert sorted(names) == page.selectbox[0].options
    for title, name in names.items():
        page = well(page.selectbox[0].select(title).run())
        assert bool(page.dataframe) == (lake / "gold" / name).exists(), name


def test_a_csv_holds_the_rows_of_the_table_in_utf8_that_excel_knows(lake: Path) -> None:
    page = draw("top_albums", lake)
    assert [button.proto.label for button in page.get("download_button")] == ["Download CSV"]
    csv = as_csv(pd.DataFrame(table(page))[["place", "album_name", "plays"]])
    assert csv.decode("utf-8") == "\ufeffplace,album_name,plays\n1,夜に駆ける,5\n2,O'Neil's,50\n3,Three,7\n"


def test_a_csv_holds_no_cell_that_a_spreadsheet_runs() -> None:
    table = pd.DataFrame({"artist_name": ["=HYPERLINK(A1)", "+", None], "change": [-1, 2, 3]})
    assert as_csv(table).decode("utf-8-sig") == "artist_name,change\n'=HYPERLINK(A1),-1\n+,2\n,3\n"


def test_extract_now_is_offered_only_where_the_operator_allows_it(lake: Path) -> None:
    assert [button.label for button in draw("live", lake).button] == []
    assert [button.label for button in draw("live", lake, "dashboard.extract_now=true").button] == ["Extract now"]


def test_an_extraction_runs_once_at_a_time_and_its_words_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract_now, "_COMMAND", "import sys; print(sys.argv[1:]); sys.stdin.read(); input()")
    extraction = extract_now.Extraction(tmp_path)
    assert extraction.start(("--set=a=b",))
    assert extraction.process is not None
    extraction.process.wait(timeout=30)
    assert "['extract', 'playlists', '--set=a=b']" in extraction.log.read_text()
    monkeypatch.setattr(extract_now, "_COMMAND", "import time; time.sleep(60)")
    assert extraction.start(())
    assert not extraction.start(())
    extraction.process.kill()


def test_pages_ask_marts_and_accounts_never_facts() -> None:
    asked = {
        name
        for file in files("soundlake.dashboard.views").iterdir()
        if file.name.endswith(".py")
        for name in re.findall(r"(?:FROM|JOIN) ((?:bronze|silver|gold|ops)_\w+)", file.read_text(encoding="utf-8"))
    }
    assert {name for name in asked if not name.startswith("gold_")} == {"ops_batches"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (sql.one_of("a", ["x", "y'z"]), "a IN ('x', 'y''z')"),
        (sql.one_of("a", []), ""),
        (sql.contains(" It's ", "a", "b"), "strpos(lower(a), 'it''s') > 0 OR strpos(lower(b), 'it''s') > 0"),
        (sql.where("", "a", "b OR c"), "WHERE (a) AND (b OR c)"),
        (sql.where(""), ""),
    ],
)
def test_choices_become_sql_with_every_text_quoted(made: str, expected: str) -> None:
    assert made == expected


def test_what_a_viewer_types_into_a_search_box_names_no_table(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    opened = open_table

    def watched(settings: Settings, table: Table) -> Any:
        read.add(table.view)
        return opened(settings, table)

    page = draw("top_albums", lake)
    monkeypatch.setattr(local, "open_table", watched)
    well(page.text_input[0].set_value("gold_genre_popularity gold_most_streamed_artists").run())
    assert read == {"gold_top_albums"}


def test_the_server_listens_here_only_and_tells_nobody() -> None:
    told = server("127.0.0.1", 8501, browser=False)
    assert {"--server.address=127.0.0.1", "--browser.gatherUsageStats=false"} <= set(told)


def test_a_lake_that_is_not_there_is_told_before_the_server_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["soundlake", "dashboard", "--lake", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert f"there is no lake at {tmp_path / 'none'}: run demo or stream with it first" in told


def test_a_port_that_is_taken_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lake: Path
) -> None:
    monkeypatch.chdir(lake.parent)  # where ./lake is
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("sys.argv", ["soundlake", "dashboard", "--port", str(port)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"soundlake: cannot listen on 127.0.0.1:{port}: Address already in use: choose another with --port\n"
    )


def test_help_needs_no_web_framework() -> None:
    code = "import sys, soundlake.cli; print(sorted({'streamlit', 'altair', 'pandas'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.fixture
def heard() -> Iterator[duckdb.DuckDBPyConnection]:
    weekly = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("b", "z"), ("c", "z"), ("d", "alone"), ("a", "y")]
    on_playlists = [("p", "x"), ("p", "y"), ("q", "z")]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE gold_weekly_plays (user_id text, track_id text)")
        connection.executemany("INSERT INTO gold_weekly_plays VALUES (?, ?)", weekly)
        connection.execute("CREATE TABLE silver_playlist_items (playlist_id text, track_id text)")
        connection.executemany("INSERT INTO silver_playlist_items VALUES (?, ?)", on_playlists)
        connection.execute(
            "CREATE TABLE gold_tracks_wide AS SELECT track_id, count(DISTINCT user_id) AS listeners "
            "FROM gold_weekly_plays GROUP BY track_id"
        )
        connection.execute("CREATE VIEW gold_listeners AS SELECT DISTINCT user_id FROM gold_weekly_plays")
        yield connection


def test_tracks_heard_together_are_ranked_by_what_listeners_and_playlists_share(
    heard: duckdb.DuckDBPyConnection,
) -> None:
    found = heard.execute(sql.heard_together("x", 20)).fetchall()
    first = heard.execute(sql.heard_together("x", 1)).fetchall()
    nothing = heard.execute(sql.heard_together("nobody's", 20)).fetchall()
    assert found == [(1, "y", 3, 1.0), (2, "z", 1, pytest.approx(1 / 3))]
    assert (first, nothing) == (found[:1], [])


def test_what_is_heard_together_is_estimated_from_some_of_many_listeners(heard: duckdb.DuckDBPyConnection) -> None:
    many = [
        (f"user {number}", track) for number in range(4_000) for track in ("x", "early" if number < 1_000 else "late")
    ]
    heard.executemany("INSERT INTO gold_weekly_plays VALUES (?, ?)", many)
    heard.execute("INSERT INTO gold_tracks_wide VALUES ('early', 1000), ('late', 3000)")
    found = {row[1]: row[2:] for row in heard.execute(sql.heard_together("x", 20)).fetchall()}
    for track, listeners in (("early", 1_000), ("late", 3_000)):
        assert found[track] == (pytest.approx(listeners, rel=0.1), pytest.approx((listeners / 4_000) ** 0.5, rel=0.1))


@pytest.mark.parametrize(
    ("users", "playlists", "is_shared"),
    [
        (["a"], [], False),
        ([], ["p"], False),
        (["a", None], [], False),
        (["a", "b"], [], True),
        ([], ["p", "q"], True),
        (["a"], ["p"], True),
        (["a"], ["a"], True),
    ],
)
def test_tracks_are_alike_only_where_several_listeners_or_playlists_can_be_compared(
    users: list[str | None], playlists: list[str], is_shared: bool
) -> None:
    with duckdb.connect() as connection:
        for table, owner, owners in (
            ("gold_weekly_plays", "user_id", users),
            ("silver_playlist_items", "playlist_id", playlists),
        ):
            connection.execute(f"CREATE TABLE {table} ({owner} text, track_id text)")
            for one in owners:
                connection.execute(f"INSERT INTO {table} VALUES (?, 'x'), (?, 'y')", [one, one])
        connection.execute("CREATE TABLE gold_tracks_wide AS SELECT unnest(['x', 'y']) AS track_id, 1 AS listeners")
        connection.execute("CREATE VIEW gold_listeners AS SELECT DISTINCT user_id FROM gold_weekly_plays")
        found = [row[1] for row in connection.execute(sql.heard_together("x", 20)).fetchall()]
    assert found == (["y"] if is_shared else [])
