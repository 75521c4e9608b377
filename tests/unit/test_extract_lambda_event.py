"""What the event of the Lambda function may say, and what it may not: whoever may invoke it is not its operator."""

from __future__ import annotations

import re
from typing import Any

import pytest

from soundlake.errors import UsageError
from soundlake.extract import scheduled
from soundlake.extract.report import CrawlReport
from soundlake.settings import Settings
from soundlake.settings.keys import each_setting


class FiveMinutes:
    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def crawled(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of the crawls that were begun; none goes anywhere."""
    begun: list[Settings] = []

    class Done:
        is_well, stop = True, None

        def as_dict(self) -> dict[str, Any]:
            return {}

    def run_crawl(settings: Settings, *_: Any, **__: Any) -> CrawlReport | Done:
        begun.append(settings)
        return Done()

    monkeypatch.setattr(scheduled, "run_crawl", run_crawl)
    return begun


def problems_of(event: dict[str, Any]) -> list[str]:
    with pytest.raises(UsageError) as caught:
        scheduled.handler(event, FiveMinutes())
    return list(caught.value.problems)


def test_an_event_may_say_what_is_read_and_how_fast(crawled: list[Settings]) -> None:
    scheduled.handler(
        {"ids": ["37i9dQZEVXbMDoHDwVN2tF"], "set": ["extract.market=JP", "extract.max_wait=5"]}, FiveMinutes()
    )
    assert [(one.extract.market, one.extract.max_wait) for one in crawled] == [("JP", 5)]


@pytest.mark.parametrize(
    "key",
    [
        "extract.accounts_url",
        "extract.api_url",
        "extract.reccobeats_url",
        "extract.redirect_uri",
        "extract.secret_id",
        "extract.state",
        "extract.features_lookup",
        "publish.out",
        "publish.kafka_options.bootstrap.servers",
        "s3.endpoint_url",
        "source.kafka.bootstrap_servers",
        "source.kinesis.endpoint_url",
    ],
)
def test_an_event_cannot_send_credentials_or_records_elsewhere(key: str, crawled: list[Settings]) -> None:
    (problem,) = problems_of({"set": [f"{key}=https://elsewhere.example"]})
    assert problem.startswith(f"event: set: {key}: an event may set only ")
    assert "elsewhere" not in problem
    assert crawled == []


def test_records_cannot_be_sent_to_a_place_that_the_event_names(crawled: list[Settings]) -> None:
    (problem,) = problems_of({"out": "s3://elsewhere/records"})
    assert problem.startswith("event: out: unknown")
    assert crawled == []


def test_no_key_that_an_event_may_set_is_an_address_or_a_place() -> None:
    places = {"url", "uri", "out", "state", "secret", "path", "lookup", "options", "servers", "stream"}
    allowed = {key for key, _ in each_setting() if key in scheduled.SETTABLE}
    assert allowed == set(scheduled.SETTABLE)
    assert [key for key in allowed if places & set(re.split("[._]", key))] == []


@pytest.mark.parametrize("sets", ["extract.market=JP", {"extract.market": "JP"}, [1]])
def test_settings_of_another_form_are_refused(sets: object, crawled: list[Settings]) -> None:
    assert problems_of({"set": sets}) == ["event: set: should be a list of section.key=value"]
    assert crawled == []
