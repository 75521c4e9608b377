"""The appends of a batch run side by side, in any order but one."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from soundlake.refine import batch
from soundlake.refine.batch import Refiner
from soundlake.refine.result import Result
from soundlake.tables import CHANGES, PLAYLIST_FETCHES, PLAYS, STAMPS, Table


def appended(monkeypatch: pytest.MonkeyPatch, *tables: Table) -> list[list[Table]]:
    """The tables that each of the writes of a batch appends to, in their order."""
    monkeypatch.setattr(batch, "F", Mock())
    result = Result(counts={}, rows=dict.fromkeys(tables, Mock()), unknown_fields={})
    found = []
    for write in Refiner(Mock(), Mock(), 1).appends(Mock(), writer := Mock(), result):
        writer.append.reset_mock()
        write()
        found.append([call.args[0] for call in writer.append.call_args_list])
    return found


def test_changes_of_a_playlist_come_after_its_entries_in_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    for tables in ((CHANGES, PLAYS, PLAYLIST_FETCHES), (PLAYLIST_FETCHES, CHANGES, PLAYS)):
        assert [PLAYLIST_FETCHES, CHANGES] in appended(monkeypatch, *tables)


def test_all_other_tables_are_appended_to_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(appended(monkeypatch, PLAYS, STAMPS, CHANGES), key=str) == sorted(
        [[CHANGES], [PLAYS], [STAMPS]], key=str
    )
