"""The labels of bars and lines: things of the same name get different labels."""

from __future__ import annotations

from collections import Counter

import pandas as pd

_LAST_OF_ID = 6  # letters of an id that tell two things of one name apart


def labels(marks: pd.DataFrame) -> list[str]:
    """A label for each row (`id`, `name`, `beside`): name and what stands beside it, the id where both are the same."""
    long = [
        f"{name} – {beside}" if isinstance(beside, str) and beside else str(name)
        for name, beside in zip(marks["name"], marks["beside"], strict=True)
    ]
    ids: dict[str, set[str]] = {}
    for label, one in zip(long, marks["id"], strict=True):
        ids.setdefault(label, set()).add(str(one))
    return [
        f"{label} (…{str(one)[-_LAST_OF_ID:]})" if len(ids[label]) > 1 else label
        for label, one in zip(long, marks["id"], strict=True)
    ]


def told_apart(names: pd.DataFrame) -> dict[str, str]:
    """A label for each `id`: its `name`, with what stands `beside` it or with its id only where names are the same."""
    if "beside" not in names:
        names = names.assign(beside="")
    alone = names["name"].map(names["name"].value_counts()) == 1
    longer = labels(names)
    shown = [
        str(name) if is_alone else label for name, is_alone, label in zip(names["name"], alone, longer, strict=True)
    ]
    ids = names["id"].astype(str).tolist()
    times = Counter(shown)
    return {id_: f"{label} ({id_})" if times[label] > 1 else label for id_, label in zip(ids, shown, strict=True)}


def counted(number: float, thing: str) -> str:
    """How many things there are, in words."""
    return f"{number:,.0f} {thing}{'' if number == 1 else 's'}"


def numbered(frame: pd.DataFrame, number: str, *names: str, unknown: str = "unknown") -> list[str]:
    """A label for each row: its number, and what it has in the columns of names; `unknown` where one is null."""
    return [
        f"{number}. {' – '.join(str(name or unknown) for name in row)}"
        for number, row in zip(frame[number], frame[list(names)].itertuples(index=False), strict=True)
    ]
