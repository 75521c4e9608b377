"""Comparison in a real browser: numbers of a period and the one before, two listeners, and a chart's own list."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from playwright.sync_api import expect

from helpers.services.dashboard import Ask, Shown
from soundlake.dashboard.presets import period

pytestmark = pytest.mark.browser


def test_a_period_is_compared_with_the_one_before(shown: Shown, ask: Ask) -> None:
    now, before = period("4 weeks", ask("SELECT min(day), max(day) FROM gold_listening_by_content_type")[0])
    assert before is not None
    plays, earlier = (
        ask(f"SELECT sum(plays) FROM gold_weekly_plays WHERE week BETWEEN '{one.starts[0]}' AND '{one.starts[1]}'")[0][
            0
        ]
        for one in (now, before)
    )
    shown.open("compare")
    assert shown.metric("Plays") == f"{plays:,}"
    metric = shown.page.get_by_test_id("stMetric").filter(has_text="Plays").get_by_test_id("stMetricDelta")
    assert f"{plays - earlier:+,}" in metric.inner_text()
    rows = ask(
        "SELECT t.artist_id, coalesce(t.artist_name, p.artist_name) AS name, sum(p.plays) FROM gold_weekly_plays AS p "
        f"LEFT JOIN silver_tracks AS t ON t.track_id = p.track_id WHERE p.{now.condition} AND name IS NOT NULL "
        "GROUP BY ALL"
    )
    ids = {name: max(id_ for id_, also, _ in rows if also == name and id_) for id_, name, _ in rows if id_}
    by_artist = Counter[str]()
    for id_, name, n in rows:
        by_artist[str(id_ or ids.get(name, name))] += n
    assert [int(row["plays"]) for row in shown.csv()] == [n for _, n in by_artist.most_common(20)]
    shown.press("all")
    total = ask("SELECT sum(plays) FROM gold_weekly_plays")[0][0]
    assert shown.metric("Plays") == f"{total:,}"
    shown.page.reload()
    assert shown.settle().metric("Plays") == f"{total:,}"


def test_two_listeners_are_those_of_the_address(shown: Shown, ask: Ask) -> None:
    one, other = (
        user for (user,) in ask("SELECT user_id FROM gold_weekly_plays GROUP BY 1 ORDER BY sum(plays) DESC, 1 LIMIT 2")
    )
    shown.open(f"compare?compare=Two+listeners&listener={other}&other-listener={one}&period=all")
    assert shown.page.locator("h3").all_inner_texts() == [other, one]
    plays = ask(f"SELECT sum(plays) FROM gold_weekly_plays WHERE user_id = '{other}'")[0][0]
    expect(shown.page.get_by_test_id("stMetricValue").first).to_have_text(f"{plays:,}")


def test_a_chart_has_arrows_peak_and_weeks_in_its_own_list(shown: Shown, ask: Ask) -> None:
    rows = shown.open("charts").csv()
    playlist = shown.page.get_by_role("combobox", name="Playlist").first.input_value()
    week = shown.page.get_by_role("combobox", name="Week from").first.input_value()
    positions = defaultdict(list)  # of each track, as some share a name: its best one in each of its weeks
    ranked = {}
    for track, day, rank, best in ask(
        "SELECT track_id, week::varchar, rank, best_position FROM gold_top_tracks "
        f"WHERE playlist_name = '{playlist}' AND week <= '{week}'"
    ):
        positions[track].append(best)
        if day == week:
            ranked[rank] = track
    for row in rows:
        known = positions[ranked[int(row["rank"])]]
        assert (int(row["peak"]), int(row["weeks"])) == (min(known), len(known))
    assert all(row["move"][0] in "▲▼=" if row["previous_rank"] else row["move"] in ("NEW", "RE") for row in rows)
