"""Schema drift: payload fields that no kind reads. Bronze keeps them; ops/unknown_fields names each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from soundlake.kinds.kind import Kind
from soundlake.kinds.values import Json

# A producer of random names must not fill the table, nor the driver's memory: new names in one batch, and names in all.
MOST_AT_ONCE = 200
MOST_IN_ALL = 10_000
_LONGEST_NAME = 100
_MOST_SHAPES = 10_000  # sets of field names that are cached
_PLACE = ["stream", "partition", "position"]
_OF_ENVELOPES = frozenset(("kind", "fetched_at", "source", "market", "payload"))


class FirstSeen(NamedTuple):
    """The record that had a field first: when it arrived (microseconds since 1970), and where it stands."""

    arrived_at: int
    stream: str
    partition: str
    position: str


class UnknownFields:
    """Collects the fields of payloads, and of objects in payloads, that no kind reads.

    Most records of a kind have the same fields, so the answer is cached by the set of names.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._known = {name: frozenset(kind.fields) | _OF_ENVELOPES for name, kind in kinds.items()}
        self._objects = {
            name: [(field, frozenset(inner)) for field, inner in kind.fields.items() if isinstance(inner, Mapping)]
            for name, kind in kinds.items()
        }
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._found: dict[tuple[str, str], list[int]] = {}

    def inspect(self, kind: Kind, payload: Json, place: int) -> None:
        """Collect the unknown fields of the payload of the record at `place`."""
        name = kind.name
        if not self._known[name].issuperset(payload):
            for field in self._unknown((name, "", *payload), self._known[name]):
                self._found.setdefault((name, field), []).append(place)
        for prefix, known in self._objects[name]:
            inner = payload.get(prefix)
            if type(inner) is dict and not known.issuperset(inner):
                for field in self._unknown((name, f"{prefix}.", *inner), known):
                    self._found.setdefault((name, field), []).append(place)

    def first_seen(
        self, events: pa.Table, arrived: list[int], reported: Set[tuple[str, str]] = frozenset()
    ) -> Mapping[tuple[str, str], FirstSeen]:
        """The unknown fields, by kind and name, that were not `reported`: at most MOST_AT_ONCE in order of names.

        None, once MOST_IN_ALL were reported.
        """
        new = sorted(self._found.keys() - reported) if len(reported) < MOST_IN_ALL else []
        fields = new[:MOST_AT_ONCE]
        return dict(self._firsts(events, arrived, fields))

    def _firsts(
        self, events: pa.Table, arrived: list[int], fields: Iterable[tuple[str, str]]
    ) -> Iterator[tuple[tuple[str, str], FirstSeen]]:
        for field in fields:
            places = self._found[field]
            earliest = min(arrived[place] for place in places)
            firsts = [place for place in places if arrived[place] == earliest]
            origins = events.select(_PLACE).take(pa.array(firsts, pa.int64()))
            first = pc.select_k_unstable(origins, 1, [(name, "ascending") for name in _PLACE])
            yield field, FirstSeen(earliest, **origins.take(first).to_pylist()[0])

    def _unknown(self, shape: tuple[str, ...], known: frozenset[str]) -> tuple[str, ...]:
        unknown = self._shapes.get(shape)
        if unknown is None:
            _, prefix, *names = shape
            unknown = tuple((prefix + name)[:_LONGEST_NAME] for name in names if name not in known)
            if len(self._shapes) < _MOST_SHAPES:
                self._shapes[shape] = unknown
        return unknown
