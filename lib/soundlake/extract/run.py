"""Running a walk: from the settings to the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from os import environ

from soundlake.extract.api import SpotifyApi
from soundlake.extract.auth import app_or_user
from soundlake.extract.cache import Cache
from soundlake.extract.context import Context
from soundlake.extract.credentials import load_credentials
from soundlake.extract.facts import AppFacts
from soundlake.extract.features import Provider, open_providers
from soundlake.extract.outcomes import StopError
from soundlake.extract.rate_limit import RateLimiter, RequestPolicy
from soundlake.extract.report import Report
from soundlake.extract.request import Request
from soundlake.extract.stages.audio_features import AudioFeaturesStage
from soundlake.extract.stages.me import MeStage
from soundlake.extract.stages.playlists import PlaylistStage
from soundlake.extract.stages.search import SearchStage
from soundlake.extract.stages.stage import Stage
from soundlake.extract.stages.things import ThingStage
from soundlake.extract.state import State, open_state
from soundlake.extract.walk import Walk
from soundlake.publishers.publisher import open_publisher
from soundlake.settings import Settings

_FAILED = "failed"
# What is named by an id and can be asked for again in any walk.
_BY_ID = ("playlist", "track", "album", "artist", "audio_features")


def run_walk(
    settings: Settings,
    request: Request,
    *,
    to: str | None = None,
    out: str | None = None,
    user: str = "default",
    fresh: bool = False,
    seconds: float | None = None,
    env: Mapping[str, str] = environ,
    on_progress: Callable[[Walk], None] = lambda walk: None,
) -> Report:
    """Walk for `seconds` at most, from where the same request stopped; from the beginning where `fresh`.

    Raises UsageError before anything is asked for, SoundlakeError where records cannot be published: then the walk goes
    on from its last checkpoint the next time.
    """
    credentials = load_credentials(settings, env)
    with open_state(settings) as state, closing(Cache(state.folder, settings.extract.cache_hours)) as cache:
        auth = app_or_user(settings, credentials, state, user, needs_user=request.needs_user)
        facts = AppFacts(state, credentials.app)
        deadline = None if seconds is None else time.monotonic() + seconds
        api = SpotifyApi(settings, auth, _policy("Spotify", settings, deadline))
        providers = open_providers(settings, api, _policy("ReccoBeats", settings, deadline))
        walk = _begin(state, request, request.name(to, out, settings.extract.market, user), providers, fresh)
        with open_publisher(settings, to, out) as publisher:
            context = Context(walk, api, publisher, state, cache, facts, settings.extract)
            context.on_progress = lambda: on_progress(walk)
            stop = _walk(context, _stages(request, providers), settings.extract.max_wait)
            _remember(context)
        return Report(walk, dict(context.published), api.policy.requests, context.notes, stop)


def _policy(service: str, settings: Settings, deadline: float | None) -> RequestPolicy:
    extract = settings.extract
    limiter = RateLimiter(extract.max_requests)
    return RequestPolicy(service, limiter, extract.attempts, extract.max_wait, deadline=deadline)


def _stages(request: Request, providers: list[Provider]) -> dict[str, Stage]:
    return {
        "playlist": PlaylistStage(),
        "me": MeStage(),
        "search": SearchStage(request.limit),
        "audio_features": AudioFeaturesStage(providers),
        **{kind: ThingStage(kind) for kind in ("track", "album", "artist")},
    }


def _begin(state: State, request: Request, name: str, providers: list[Provider], fresh: bool) -> Walk:
    """Take the walk up where it stopped, or begin it with what failed in others."""
    document = None if fresh else state.read(name)
    if document is not None:
        walk = Walk.from_document(document)
        if not walk.is_done:  # it may have been killed after its last step
            return walk
    stages = [stage for stage in request.stages if stage != "audio_features" or providers]
    walk = Walk.new(name, stages, request.roots)
    for kind, failed in (state.read(_FAILED) or {}).items():
        if kind in walk.queues:
            walk.queues[kind].again(failed)
    return walk


def _walk(context: Context, stages: Mapping[str, Stage], max_wait: float) -> StopError | None:
    """Walk to the end, or to where it has to stop; that is returned."""
    try:
        _keep_away(context, max_wait)
        for name in context.walk.stages:
            queue = context.walk.queues[name]
            while queue.todo:
                stages[name].read(context, list(queue.todo)[: stages[name].batch])
    except StopError as stop:
        if stop.resume_at is not None and stop.service == "Spotify":
            context.facts.block(stop.resume_at)
        return stop
    except KeyboardInterrupt:
        context.checkpoint()
        raise
    return None


def _keep_away(context: Context, max_wait: float) -> None:
    """Wait, or stop, where Spotify said so the last time: to ask all the same makes it worse."""
    until = context.facts.blocked_until
    if until is None:
        return
    seconds = (until - datetime.now(UTC)).total_seconds()
    if seconds > max_wait:
        raise StopError("Spotify said to keep away", until, "Spotify")
    time.sleep(max(0.0, seconds))


def _remember(context: Context) -> None:
    """Make everything safe; then forget a walk that is done, but for what failed in it."""
    context.checkpoint()
    walk, state = context.walk, context.state
    if not walk.is_done:
        return
    failed = state.read(_FAILED) or {}
    for kind in _BY_ID:
        queue = walk.queues.get(kind)
        if queue is not None:
            left = {thing: why for thing, why in failed.get(kind, {}).items() if thing not in queue.done}
            now = {thing: why for thing, (verdict, why) in queue.not_got.items() if verdict == "failed"}
            failed[kind] = {**left, **now}
    if any(failed.values()) or state.read(_FAILED) is not None:
        state.write(_FAILED, {kind: things for kind, things in failed.items() if things})
    state.remove(walk.name)
