"""Files that Soundlake keeps for itself: one that is damaged, or cannot be made, is named with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundlake.errors import SoundlakeError
from soundlake.extract.cache import Cache
from soundlake.extract.state import open_state
from soundlake.lock import file_lock
from soundlake.settings import load_settings


@pytest.mark.parametrize("content", ["", '{"blocked_until": ', "[]"])
def test_a_damaged_document_of_the_state_is_to_be_removed(tmp_path: Path, content: str) -> None:
    (tmp_path / "crawl.json").write_text(content)
    with (
        open_state(load_settings(sets=[f"extract.state={tmp_path}"], env={})) as state,
        pytest.raises(SoundlakeError, match=rf"{tmp_path}/crawl\.json is damaged: remove it to start again"),
    ):
        state.read("crawl")


def test_a_cache_that_is_no_database_is_to_be_removed(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(SoundlakeError, match=rf"cannot use {tmp_path}/cache\.sqlite: .*; remove it to start again"):
        Cache(tmp_path, 24)


def test_a_lock_that_cannot_be_made_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where a folder should be")
    with (
        pytest.raises(SoundlakeError, match=rf"rebuild: cannot make its lock {tmp_path}/lake/writer\.lock: .+"),
        file_lock(tmp_path / "lake" / "writer.lock", "rebuild"),
    ):
        pass
