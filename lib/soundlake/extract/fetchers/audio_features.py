"""Audio features: from the first provider that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from soundlake.extract.cache import CachedResponse
from soundlake.extract.context import CrawlContext
from soundlake.extract.features import Provider
from soundlake.extract.outcomes import FailedError, NotFoundError, RefusedError, StopError


@dataclass
class AudioFeaturesFetcher:
    """Asks the providers in order."""

    providers: Sequence[Provider]
    batch: int = 100
    _down: dict[str, str] = field(default_factory=dict)

    def read(self, context: CrawlContext, items: Sequence[str]) -> None:
        """Read audio features; see `Fetcher`."""
        left = [item for item in items if not self._end_known(context, item)]
        reasons: dict[str, str] = {}
        for provider in self.providers:
            for start in range(0, len(left), provider.batch):
                some = left[start : start + provider.batch]
                found = self._ask(context, provider, some, reasons)
                for item, payload in found.items():
                    answer = CachedResponse(
                        context.crawl.fetched_at, provider.source, {**payload, "id": item, "provider": provider.name}
                    )
                    context.cache.put("audio_features", None, item, answer)
                    self._end(context, item, answer)
                context.stepped()
            left = [item for item in left if item not in context.crawl.queues["audio_features"].done]
        names = [provider.name for provider in self.providers]
        nobody = f"{names[0]} does not have them" if len(names) == 1 else f"neither {' nor '.join(names)} has them"
        for item in left:
            outcome = "failed" if item in reasons else "missing"
            context.crawl.queues["audio_features"].end(item, outcome, reasons.get(item, nobody))
        context.stepped()

    def _ask(
        self, context: CrawlContext, provider: Provider, some: Sequence[str], reasons: dict[str, str]
    ) -> dict[str, dict[str, object]]:
        """Ask one provider. Returns {} where it cannot answer now, and adds why to `reasons`."""
        what = f"features:{provider.name}"
        if context.facts.is_refused(what):
            return {}
        trouble = self._down.get(provider.name)
        if trouble is None:
            try:
                return provider.fetch(some)
            except (RefusedError, NotFoundError) as error:
                if provider.name == "spotify":  # of Spotify it means that the app may not
                    context.facts.refuse(what)
                    return {}
                trouble = f"refused: {error.reason}"
            except FailedError as error:
                trouble = error.reason
            except StopError as error:
                # At Spotify's word, at the time limit, or with a time to resume the crawl stops. A provider that just
                # does not answer is skipped from here on.
                if error.service in (None, "Spotify") or error.resume_at is not None:
                    raise
                trouble = self._down[provider.name] = error.reason
        reasons |= dict.fromkeys(some, f"{provider.name}: {trouble}")
        return {}

    def _end_known(self, context: CrawlContext, item: str) -> bool:
        answer = context.cache.get("audio_features", None, item)
        if answer is not None:
            self._end(context, item, answer)
        return answer is not None

    def _end(self, context: CrawlContext, item: str, answer: CachedResponse) -> None:
        context.emit("audio_features", item, answer.payload, answer.fetched_at, answer.source)
        context.crawl.queues["audio_features"].end(item)
