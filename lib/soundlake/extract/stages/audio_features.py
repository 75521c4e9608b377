"""Audio features: from the first provider that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from soundlake.extract.cache import Answer
from soundlake.extract.context import Context
from soundlake.extract.features import Provider
from soundlake.extract.outcomes import FailedError, MissingError, RefusedError, StopError


@dataclass
class AudioFeaturesStage:
    """The providers in their order."""

    providers: Sequence[Provider]
    batch: int = 100
    _down: dict[str, str] = field(default_factory=dict)

    def read(self, context: Context, things: Sequence[str]) -> None:
        """Read audio features; see `Stage`."""
        left = [thing for thing in things if not self._end_known(context, thing)]
        reasons: dict[str, str] = {}
        for provider in self.providers:
            for start in range(0, len(left), provider.batch):
                some = left[start : start + provider.batch]
                found = self._ask(context, provider, some, reasons)
                for thing, payload in found.items():
                    answer = Answer(
                        context.walk.fetched_at, provider.source, {**payload, "id": thing, "provider": provider.name}
                    )
                    context.cache.put("audio_features", None, thing, answer)
                    self._end(context, thing, answer)
                context.stepped()
            left = [thing for thing in left if thing not in context.walk.queues["audio_features"].done]
        names = [provider.name for provider in self.providers]
        nobody = f"{names[0]} does not have them" if len(names) == 1 else f"neither {' nor '.join(names)} has them"
        for thing in left:
            verdict = "failed" if thing in reasons else "missing"
            context.walk.queues["audio_features"].end(thing, verdict, reasons.get(thing, nobody))
        context.stepped()

    def _ask(
        self, context: Context, provider: Provider, some: Sequence[str], reasons: dict[str, str]
    ) -> dict[str, dict[str, object]]:
        """Ask one provider; {} where it is no use now, and why in `reasons`."""
        what = f"features:{provider.name}"
        if context.facts.is_refused(what):
            return {}
        trouble = self._down.get(provider.name)
        if trouble is None:
            try:
                return provider.fetch(some)
            except (RefusedError, MissingError):
                if provider.name == "spotify":  # others may have a bad day; Spotify means the app
                    context.facts.refuse(what)
                return {}
            except FailedError as error:
                trouble = error.reason
            except StopError as error:
                # Spotify itself, the end of the time, or a time to come again: the walk stops. One that just does not
                # answer is left aside.
                if error.service in (None, "Spotify") or error.resume_at is not None:
                    raise
                trouble = self._down[provider.name] = error.reason
        reasons |= dict.fromkeys(some, f"{provider.name}: {trouble}")
        return {}

    def _end_known(self, context: Context, thing: str) -> bool:
        answer = context.cache.get("audio_features", None, thing)
        if answer is not None:
            self._end(context, thing, answer)
        return answer is not None

    def _end(self, context: Context, thing: str, answer: Answer) -> None:
        context.emit("audio_features", thing, answer.payload, answer.fetched_at, answer.source)
        context.walk.queues["audio_features"].end(thing)
