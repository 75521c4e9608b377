"""The rules of judging, applied to the records of one key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from soundlake.kinds.kind import Kind
from soundlake.times import day_of

Rank = tuple[int, int, bytes]  # weight, fetched_at in microseconds since 1970, digest: the greater one wins
Standing = tuple[int, Rank]  # in a group: the grade goes before the rank
MEASURES = ("popularity", "followers")  # what silver/popularity_history observes, in the order of its bits


class BatchRecord(NamedTuple):
    """A good record of a batch, at its place among the records of its kind."""

    rank: Rank
    fields: int
    values_hash: int | None
    place: int
    is_superseded: bool = False
    measures: tuple[Any, ...] = ()


class Stamp(NamedTuple):
    """A record of an earlier batch: its rank, what it filled, and the hash of its stable values."""

    rank: Rank
    fields: int
    values_hash: int | None


class NewRow(NamedTuple):
    """The sources of a new row: the places of the newest record, and of the best one of each group."""

    first: int
    groups: tuple[int | None, ...]


class Ruling(NamedTuple):
    """The outcome of the records of one key; those not counted are duplicates.

    `news` are the places of accepted records, `stamps` of those to be stamped, `changes` places and the bits in which
    the record changes a known row, `observed` places and what was observed.
    """

    accepted: int
    stale: int
    row: NewRow | None
    news: list[int]
    stamps: list[int]
    changes: list[tuple[int, int]]
    observed: list[tuple[int, tuple[Any, ...]]]


def rule(kind: Kind, records: Sequence[BatchRecord], known: Sequence[Stamp]) -> Ruling:
    """Judge the records of one key by the stamps of that key."""
    different = _different(kind, records)
    before = {_sameness(kind, stamp.rank) for stamp in known}
    best = standings(kind, known)
    accepted: list[BatchRecord] = []
    observing: list[BatchRecord] = []
    raising: list[tuple[BatchRecord, int]] = []
    stale = 0
    for record, lowest in different:
        raises = raised(kind, record.fields, record.rank, best) if known else record.fields
        if _sameness(kind, record.rank) in before:
            if raises:  # the same payload, fetched later
                raising.append((record, raises))
            continue
        observing.append(record)
        # A record of a log may hold facts about its fetch, such as the total, which count even if it is outranked.
        is_late = bool(known) and not kind.is_log and _is_overtaken(kind, record.fields, lowest, best)
        if record.is_superseded or is_late:
            stale += 1
        # A payload whose first fetch arrives late may have been fetched again since: the later fetch counts.
        if record.is_superseded or (is_late and not raises):
            continue
        accepted.append(record)
        if raises:
            raising.append((record, raises))
    highest: dict[object, BatchRecord] = {}
    for record in accepted if kind.is_log else [record for record, _ in raising]:
        highest.setdefault(record.rank if kind.is_log else record.fields, record)
    return Ruling(
        accepted=len(accepted),
        stale=stale,
        row=_new_row(kind, [record for record, _ in raising]) if raising and not known and not kind.is_log else None,
        news=[record.place for record in accepted],
        stamps=[record.place for record in highest.values()],
        changes=[] if kind.is_log or not known else _changes(kind, raising, known, best),
        observed=_observed(observing),
    )


def _different(kind: Kind, records: Iterable[BatchRecord]) -> list[tuple[BatchRecord, Rank]]:
    """The distinct records, the highest rank first, each with its lowest rank."""
    found: dict[object, tuple[BatchRecord, Rank]] = {}
    for record in records:
        same = _sameness(kind, record.rank)
        top, lowest = found.get(same, (record, record.rank))
        found[same] = (max(top, record, key=lambda one: one.rank), min(lowest, record.rank))
    return sorted(found.values(), key=lambda pair: pair[0].rank, reverse=True)


def _sameness(kind: Kind, rank: Rank) -> object:
    """The identity of a record: two records with the same one are duplicates."""
    return (rank[0], rank[2]) if kind.dedupe_by_payload else rank


def standings(kind: Kind, stamps: Iterable[Stamp | BatchRecord]) -> list[Standing | None]:
    """The best standing among stamps, for the record itself (first) and for each group."""
    best: list[Standing | None] = [None] * (1 + len(kind.bits))
    for stamp in stamps:
        for place, bits in enumerate(kind.slots):
            grade = grade_of(stamp.fields, bits)
            if grade >= 0:
                standing = (grade, stamp.rank)
                other = best[place]
                if other is None or standing > other:
                    best[place] = standing
    return best


def grade_of(fields: int, bits: tuple[int, ...]) -> int:
    """The grade in which a bit set fills a group of these bits; -1 where it does not."""
    for grade in range(len(bits) - 1, -1, -1):
        if fields & bits[grade]:
            return grade
    return -1


def raised(kind: Kind, fields: int, rank: Rank, best: Sequence[Standing | None]) -> int:
    """The bits of the groups in which a record beats everything known."""
    raises = 0
    for bits, standing in zip(kind.slots, best, strict=True):
        grade = grade_of(fields, bits)
        if grade >= 0 and (standing is None or (grade, rank) > standing):
            raises += sum(bits[: grade + 1])
    return raises


def _is_overtaken(kind: Kind, fields: int, lowest: Rank, best: Sequence[Standing | None]) -> bool:
    """Whether better records are known for every group that it fills."""
    for bits, standing in zip(kind.slots, best, strict=True):
        grade = grade_of(fields, bits)
        if grade >= 0 and (standing is None or standing <= (grade, lowest)):
            return False
    return True


def _new_row(kind: Kind, records: Sequence[BatchRecord]) -> NewRow:
    """The best record of each group; `records` begin with the highest rank."""
    best = _best_of_groups(kind, tuple(record.fields for record in records))
    return NewRow(records[0].place, tuple(None if number is None else records[number].place for number in best))


# The records of a kind have few different bit sets.
@lru_cache(maxsize=4_096)
def _best_of_groups(kind: Kind, fields: tuple[int, ...]) -> tuple[int | None, ...]:
    """For each group, which record fills it best, or None.

    `fields` are the bit sets of the records of one key, the highest rank first.
    """
    best: list[int | None] = []
    for bits in kind.bits:
        grade, number = max((grade_of(each, bits), -number) for number, each in enumerate(fields))
        best.append(-number if grade >= 0 else None)
    return tuple(best)


def _changes(
    kind: Kind, raising: Sequence[tuple[BatchRecord, int]], known: Sequence[Stamp], best: Sequence[Standing | None]
) -> list[tuple[int, int]]:
    """The records that change the row of a known key, each with the bits in which it is the best of the batch."""
    all_raised = 0
    for _, raises in raising:
        all_raised |= raises
    if not all_raised & kind.stable_bits or _is_unchanged(kind, [record for record, _ in raising], known, best):
        return []
    winners: dict[int, int] = {}
    for bits in kind.slots:
        grades = [(grade_of(raises, bits), -number) for number, (_, raises) in enumerate(raising)]
        grade, number = max(grades)
        if grade >= 0:
            place = raising[-number][0].place
            winners[place] = winners.get(place, 0) | sum(bits[: grade + 1])
    return list(winners.items())


def _is_unchanged(
    kind: Kind, records: Sequence[BatchRecord], known: Sequence[Stamp], best: Sequence[Standing | None]
) -> bool:
    """Whether the newest known record gave all stable values, and the newest of the batch has the same ones."""
    newest, top = max(known, key=lambda stamp: stamp.rank), records[0]
    if top.values_hash is None or top.values_hash != newest.values_hash:
        return False
    stable = kind.stable_bits & ~1
    of_batch = 0
    for record in records:
        of_batch |= record.fields
    alone = all(
        standing is None or standing[1] == newest.rank
        for bits, standing in zip(kind.slots, best, strict=True)
        if bits[0] & stable
    )
    return alone and (newest.fields & stable) == (top.fields & stable) == (of_batch & stable)


def _observed(records: Iterable[BatchRecord]) -> list[tuple[int, tuple[Any, ...]]]:
    """For each day the places of its highest-ranked observations with their values; highest rank first."""
    days: dict[int, set[int]] = {}
    found = []
    for record in records:
        seen = days.setdefault(day_of(record.rank[1]), set())
        measures = tuple(None if place in seen else value for place, value in enumerate(record.measures))
        given = {place for place, value in enumerate(measures) if value is not None}
        if given:
            seen |= given
            found.append((record.place, measures))
    return found
