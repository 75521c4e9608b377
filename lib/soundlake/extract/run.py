"""Running a crawl, from the settings to the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from os import environ

from soundlake.extract.api import SpotifyApi
from soundlake.extract.auth import app_or_user
from soundlake.extract.cache import Cache
from soundlake.extract.context import CrawlContext
from soundlake.extract.crawl import Crawl
from soundlake.extract.credentials import load_credentials
from soundlake.extract.facts import AppFacts
from soundlake.extract.features import Provider, open_providers
from soundlake.extract.fetchers.audio_features import AudioFeaturesFetcher
from soundlake.extract.fetchers.fetcher import Fetcher
from soundlake.extract.fetchers.items import ItemFetcher
from soundlake.extract.fetchers.me import RECENT, MeFetcher
from soundlake.extract.fetchers.playlists import PlaylistFetcher
from soundlake.extract.fetchers.search import SearchFetcher
from soundlake.extract.outcomes import StopError
from soundlake.extract.rate_limit import RateLimiter, RequestPolicy
from soundlake.extract.report import CrawlReport
from soundlake.extract.request import Request
from soundlake.extract.state import StateStore, open_state
from soundlake.publishers.publisher import destination, open_publisher
from soundlake.settings import Settings

_FAILED = "failed"
# Queues of ids, which any crawl can retry.
_BY_ID = ("playlist", "track", "album", "artist", "audio_features")


def run_crawl(
    settings: Settings,
    request: Request,
    *,
    to: str | None = None,
    out: str | None = None,
    user: str = "default",
    fresh: bool = False,
    seconds: float | None = None,
    env: Mapping[str, str] = environ,
    on_progress: Callable[[Crawl], None] = lambda crawl: None,
) -> CrawlReport:
    """Run a request for at most `seconds`, from where it stopped the last time, or from the beginning if `fresh`.

    Raises UsageError before the first request, SoundlakeError where records cannot be published: the next run then
    resumes from the last checkpoint.
    """
    credentials = load_credentials(settings, env)
    with open_state(settings) as state, closing(Cache(state.folder, settings.extract.cache_hours)) as cache:
        auth = app_or_user(settings, credentials, state, user, needs_user=request.needs_user)
        facts = AppFacts(state, credentials.app)
        deadline = None if seconds is None else time.monotonic() + seconds
        api = SpotifyApi(settings, auth, _policy("Spotify", settings, deadline))
        providers = open_providers(settings, api, _policy("ReccoBeats", settings, deadline))
        where = destination(settings, to, out)
        crawl = _begin(state, request, request.name(where, settings.extract.market, user), providers, fresh)
        with open_publisher(settings, to, out) as publisher:
            context = CrawlContext(crawl, api, publisher, state, cache, facts, settings.extract, where)
            context.on_progress = lambda: on_progress(crawl)
            stop = _crawl(context, _fetchers(request, providers), settings.extract.max_wait)
            _remember(context)
        return CrawlReport(crawl, dict(context.published), api.policy.requests, context.notes, stop)


def _policy(service: str, settings: Settings, deadline: float | None) -> RequestPolicy:
    extract = settings.extract
    limiter = RateLimiter(extract.max_requests)
    return RequestPolicy(service, limiter, extract.attempts, extract.max_wait, deadline=deadline)


def _fetchers(request: Request, providers: list[Provider]) -> dict[str, Fetcher]:
    return {
        "playlist": PlaylistFetcher(),
        "me": MeFetcher(),
        "search": SearchFetcher(request.limit),
        "audio_features": AudioFeaturesFetcher(providers),
        **{kind: ItemFetcher(kind) for kind in ("track", "album", "artist")},
    }


def _begin(state: StateStore, request: Request, name: str, providers: list[Provider], fresh: bool) -> Crawl:
    """Resume the crawl, or begin it with what failed in earlier crawls."""
    document = None if fresh else state.read(name)
    if document is not None:
        crawl = Crawl.from_document(document)
        if not crawl.is_done:  # killed after its last step, perhaps
            # Spotify keeps 50 plays only: they are read in each run, however long the rest of a crawl takes.
            if RECENT in crawl.roots:
                crawl.queues["me"].again([RECENT])
            return crawl
    stages = [stage for stage in request.stages if stage != "audio_features" or providers]
    crawl = Crawl.new(name, stages, request.roots)
    for kind, failed in (state.read(_FAILED) or {}).items():
        if kind in crawl.queues:
            crawl.queues[kind].again(failed)
    return crawl


def _crawl(context: CrawlContext, fetchers: Mapping[str, Fetcher], max_wait: float) -> StopError | None:
    """Run the fetchers until their queues are empty; returns why it stopped earlier, if it did."""
    try:
        _keep_away(context, max_wait)
        for name in context.crawl.stages:
            queue = context.crawl.queues[name]
            while queue.todo:
                fetchers[name].read(context, list(queue.todo)[: fetchers[name].batch])
    except StopError as stop:
        if stop.resume_at is not None and stop.service == "Spotify":
            context.facts.block(stop.resume_at)
        return stop
    except KeyboardInterrupt:
        context.checkpoint()
        raise
    return None


def _keep_away(context: CrawlContext, max_wait: float) -> None:
    """Wait, or stop, where Spotify asked the app to wait: requests before that prolong it."""
    until = context.facts.blocked_until
    if until is None:
        return
    seconds = (until - datetime.now(UTC)).total_seconds()
    if seconds > max_wait:
        raise StopError("Spotify asked the app to wait", until, "Spotify")
    time.sleep(max(0.0, seconds))


def _remember(context: CrawlContext) -> None:
    """Take a last checkpoint; of a crawl that is done only the failures are kept."""
    context.checkpoint()
    crawl, state = context.crawl, context.state
    if not crawl.is_done:
        return
    failed = state.read(_FAILED) or {}
    for kind in _BY_ID:
        queue = crawl.queues.get(kind)
        if queue is not None:
            left = {item: why for item, why in failed.get(kind, {}).items() if item not in queue.done}
            now = {item: why for item, (outcome, why) in queue.not_fetched.items() if outcome == "failed"}
            failed[kind] = {**left, **now}
    if any(failed.values()) or state.read(_FAILED) is not None:
        state.write(_FAILED, {kind: items for kind, items in failed.items() if items})
    state.remove(crawl.name)
