"""One kind of record from the rows of a file: which rows give one, its key, its envelope."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soundlake.imports.fields import IDLE, MEASURED, NEEDED
from soundlake.imports.issues import Issues
from soundlake.imports.mapping import Record
from soundlake.imports.shape import Cells, Node, Object, as_json

# The most ids a record marked `distinct` is compared over; beyond it, comparing starts anew and some repeats go out.
_REMEMBERED = 200_000
# The most things that `gather` and `place` keep in memory.
MOST_KEPT = 1_000_000


class UnfitError(Exception):
    """The mapping does not fit the columns of the file; the message says what is missing."""


@dataclass
class EncodedRecords:
    """Records of one kind, encoded."""

    kind: str
    keys: list[str]
    values: list[bytes]


@dataclass
class RecordBuilder:
    """Makes one kind of record from rows.

    `fetched_at` and `market` are the nodes of these fields of the envelope.
    `last` and `kept` are what earlier rows left behind.
    """

    record: Record
    payload: Object
    fetched_at: Node
    market: Node | None
    source: str
    when: tuple[int, frozenset[str] | None] | None
    row_of: list[int]
    last: dict[str, int]
    kept: dict[str, tuple[dict[str, Any], dict[str, Counter[str]]]]

    def __post_init__(self) -> None:
        kind = self.record.kind
        self._needed = [[tuple(path.split(".")) for path in group] for group in NEEDED[kind]]
        self._is_entity = NEEDED[kind] == (("id",),)
        # What a record must say beside its id to say anything.
        self._telling: Callable[[str], bool] | None = None
        if kind == "audio_features":
            self._telling = lambda name: name in MEASURED
        elif self._is_entity:
            self._telling = lambda name: name not in IDLE

    def made(self, rows: Sequence[Cells], numbers: Sequence[int], issues: Issues, quick: bool) -> EncodedRecords:
        """The records of some rows; problems go to `issues`. `quick` says that all cells are texts."""
        places = list(range(len(rows)))
        if self.when is not None:
            index, wanted = self.when
            places = [place for place in places if _holds(rows[place][index], wanted)]
        if quick and self.record.gather is None and not self._looks_back():
            return self._many(rows if len(places) == len(rows) else [rows[p] for p in places], places, issues)
        made = EncodedRecords(self.record.kind, [], [])
        for place in places:
            issues.at(place)
            self.row_of[0] = numbers[place] - 1
            one = self._one(rows[place], issues)
            if one is not None:
                made.keys.append(one[0])
                made.values.append(one[1])
        return made

    def gathered(self) -> EncodedRecords:
        """The gathered records, by id."""
        gather, made = self.record.gather, EncodedRecords(self.record.kind, [], [])
        for key in sorted(self.kept):
            envelope, counts = self.kept[key]
            assert gather is not None
            for name, counter in counts.items():
                ranked = sorted(counter, key=lambda element, of=counter: (-of[element], element))  # type: ignore[misc]
                envelope["payload"][name] = ranked[: gather.most]
            made.keys.append(key)
            made.values.append(_encode(as_json(envelope)))
        self.kept.clear()
        return made

    def _looks_back(self) -> bool:
        return any(source.given == "row" for source in self.record.fields.values())

    def _one(self, cells: Cells, issues: Issues) -> tuple[str, bytes] | None:
        kind = self.record.kind
        payload = self.payload.value(cells, issues.nulled) or {}
        fetched_at = self.fetched_at.value(cells, issues.nulled)
        market = self.market.value(cells, issues.nulled) if self.market is not None else None
        found = [[value for path in group if (value := _at(payload, path)) is not None] for group in self._needed]
        for group, values in zip(self._needed, found, strict=True):
            if not values:
                self._lacks(group, issues)
                return None
        if self._telling is not None and not any(map(self._telling, payload)):
            self._says_nothing(issues)
            return None
        if fetched_at is None:
            issues.rejected(kind, "no readable fetched_at")
            return None
        key = _key(kind, str(found[0][0]), str(found[1][0]) if len(found) > 1 else "")
        if self.record.distinct and self._is_repeat(key, as_json(payload)):
            return None
        envelope: dict[str, Any] = {"kind": kind, "fetched_at": fetched_at, "source": self.source}
        if market is not None:
            envelope["market"] = market
        envelope["payload"] = payload
        if self.record.gather is not None:
            self._keep(key, envelope)
            return None
        return key, _encode(as_json(envelope))

    def _many(self, rows: Sequence[Sequence[str]], places: Sequence[int], issues: Issues) -> EncodedRecords:
        """The same as `_one`, column by column."""

        def tell(place: int, path: str, detail: str) -> None:
            issues.at(places[place])
            issues.nulled(path, detail)

        kind, made = self.record.kind, EncodedRecords(self.record.kind, [], [])
        if not rows:
            return made
        found: dict[tuple[str, ...], list[str]] = {}
        columns, bodies = self.payload.pieces(rows, tell, found)
        groups = [[found[path] for path in group if path in found] for group in self._needed]
        ones = [group[0] if len(group) == 1 else list(map(_first, *group)) for group in groups]
        telling = None
        if self._telling is not None:
            said = [column for name, column in columns.items() if self._telling(name)]
            # Where one column says something in every row, nobody has to look at the others.
            if all("" in column for column in said):
                telling = list(map("".join, zip(*said, strict=True))) if said else [""] * len(rows)
        fetched = self.fetched_at.texts(rows, tell)
        markets = self.market.texts(rows, tell) if self.market is not None else [""] * len(rows)
        head, source = f'{{"kind":"{kind}"', f',"source":{as_json(self.source)}'
        whole = all("" not in one for one in ones) and "" not in fetched and (telling is None or "" not in telling)
        distinct = self.record.distinct
        keys = _bare(ones[0])
        if kind == "play":
            keys = list(map("{}:{}".format, keys, _bare(ones[1])))
        if whole and not distinct:
            made.keys = keys
            made.values = [
                f'{head}{fetched_at}{source}{market},"payload":{{{body[1:]}}}}}'.encode("utf-8", "replace")
                for body, fetched_at, market in zip(bodies, fetched, markets, strict=True)
            ]
            return made
        for place, (body, fetched_at, market) in enumerate(zip(bodies, fetched, markets, strict=True)):
            if not whole:
                lacking = next((g for g, one in zip(self._needed, ones, strict=True) if not one[place]), None)
                if lacking is not None:
                    issues.at(places[place])
                    self._lacks(lacking, issues)
                    continue
                if telling is not None and not telling[place]:
                    issues.at(places[place])
                    self._says_nothing(issues)
                    continue
                if not fetched_at:
                    issues.at(places[place])
                    issues.rejected(kind, "no readable fetched_at")
                    continue
            if distinct and self._is_repeat(keys[place], body):
                continue
            made.keys.append(keys[place])
            made.values.append(_encode(f'{head}{fetched_at}{source}{market},"payload":{{{body[1:]}}}}}'))
        return made

    def _lacks(self, group: Sequence[tuple[str, ...]], issues: Issues) -> None:
        if not self.record.optional:
            issues.rejected(self.record.kind, f"no {' or '.join('.'.join(path) for path in group)}")

    def _says_nothing(self, issues: Issues) -> None:
        if not self.record.optional:
            issues.rejected(self.record.kind, "nothing but its id")

    def _is_repeat(self, key: str, body: str) -> bool:
        mark = hash(body)
        if self.last.get(key) == mark:
            return True
        if len(self.last) >= _REMEMBERED:
            self.last.clear()
        self.last[key] = mark
        return False

    def _keep(self, key: str, envelope: dict[str, Any]) -> None:
        lists = {name: value for name, value in envelope["payload"].items() if isinstance(value, list)}
        if key not in self.kept:
            if len(self.kept) >= MOST_KEPT:
                raise UnfitError(f"more than {MOST_KEPT:,} things to gather; leave `gather` out of the mapping")
            self.kept[key] = (envelope, {})
        counts = self.kept[key][1]
        for name, value in lists.items():
            if all(isinstance(element, str) for element in value):
                counts.setdefault(name, Counter()).update(value)


def _key(kind: str, first: str, second: str) -> str:
    """The message's key: the thing's id. A play has none, its user and time stand for it."""
    return f"{first}:{second}" if kind == "play" else first


def _bare(pieces: Sequence[str]) -> list[str]:
    """The values of pieces as texts."""
    head = next((piece[: piece.index(":") + 2] for piece in pieces if piece), "")
    end = len(head)
    text = "".join(pieces)
    if head.endswith('"') and "\\" not in text and text.count(head) == len(pieces):
        return [piece[end:-1] for piece in pieces]
    return [
        piece[end:-1] if piece.startswith(head) and piece.endswith('"') and "\\" not in piece else _parsed(piece)
        for piece in pieces
    ]


def _parsed(piece: str) -> str:
    return str(json.loads(piece.partition(":")[2])) if piece else ""


def _first(*pieces: str) -> str:
    return next(filter(None, pieces), "")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # half of a surrogate pair is no UTF-8


def _holds(cell: Any, wanted: frozenset[str] | None) -> bool:
    text = "" if cell is None else str(cell).strip()
    return bool(text) if wanted is None else text in wanted


def _at(payload: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = payload
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
