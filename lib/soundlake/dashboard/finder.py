"""Search: tracks, artists, albums, playlists and listeners by what a viewer typed.

Case and accents do not matter, and up to two letters may be wrong. What fits better comes first, then what is played
more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

import pandas as pd

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import sql
from soundlake.dashboard.source import DataSource
from soundlake.settings import Settings

MOST = 8  # things of each kind
_SHORTEST_WITH_TYPO = 4

# Each has its columns: id, name, beside and beside_id, plays, and in `words` what else of it is sought in.
_FROM: Mapping[str, str] = {
    "track": (
        "SELECT track_id AS id, track_name AS name, artist_name AS beside, artist_id AS beside_id, plays, "
        "concat(coalesce(artist_name, ''), ' ', coalesce(album_name, '')) AS words FROM gold_tracks_wide"
    ),
    # Of some only the name is known, from plays.
    "artist": (
        "SELECT max(artist_id) AS id, max(artist_name) AS name, CAST(NULL AS varchar) AS beside, "
        "CAST(NULL AS varchar) AS beside_id, sum(plays) AS plays, '' AS words "
        f"FROM (SELECT artist_id, artist_name, plays, {sql.known_id('artist_id', 'artist_name')} AS artist FROM ("
        "SELECT artist_id, artist_name, 0 AS plays FROM gold_tracks_wide "
        "UNION ALL SELECT artist_id, artist_name, plays FROM gold_most_streamed_artists) AS a) AS b "
        "WHERE artist IS NOT NULL GROUP BY artist"
    ),
    "album": (
        f"SELECT album_id AS id, max(album_name) AS name, {sql.ARTIST} AS beside, max(artist_id) AS beside_id, "
        f"sum(plays) AS plays, {sql.ARTIST} AS words FROM gold_tracks_wide "
        "WHERE album_id IS NOT NULL GROUP BY album_id"
    ),
    "playlist": (
        "SELECT playlist_id AS id, max(playlist_name) AS name, max(market) AS beside, "
        "CAST(NULL AS varchar) AS beside_id, CAST(NULL AS bigint) AS plays, max(market) AS words "
        "FROM gold_chart_tracks GROUP BY playlist_id"
    ),
    "listener": (
        "SELECT user_id AS id, user_id AS name, CAST(NULL AS varchar) AS beside, "
        "CAST(NULL AS varchar) AS beside_id, plays, '' AS words FROM gold_listeners"
    ),
}


# What is asked together: a missing mart hides the kinds of its group only.
TOGETHER = (("track", "artist", "album", "playlist"), ("listener",))


def find(source: DataSource, words: str, kinds: Sequence[str] = tuple(_FROM)) -> dict[str, pd.DataFrame]:
    """What of these kinds fits the words: id, name, beside, beside_id, plays; kinds without any are left out.

    Without words, everything fits. Raises what `DataSource.ask` raises.
    """
    sought = folded(words)
    answers = source.ask_all([_select(source.settings, _FROM[kind], sought) for kind in kinds])
    return {kind: frame for kind, frame in zip(kinds, answers, strict=True) if len(frame)}


def folded(words: str) -> str:
    """Words without case, accents and forms of width, as `_folded` makes names."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", words).lower())
    return unicodedata.normalize("NFC", "".join(one for one in plain if unicodedata.category(one) != "Mn")).strip()


def _folded(settings: Settings, column: str) -> str:
    if settings.catalog.type == "glue":
        return f"normalize(regexp_replace(normalize(lower({column}), NFD), '\\p{{Mn}}', ''), NFC)"
    return f"strip_accents(lower({column}))"


def _select(settings: Settings, things: str, sought: str) -> str:
    best = f"ORDER BY fit DESC, plays DESC NULLS LAST, name, id LIMIT {MOST}"
    if not sought:
        return f"SELECT id, name, beside, beside_id, plays, 1 AS fit FROM ({things}) AS t WHERE name IS NOT NULL {best}"
    typed, length = literal(sought), len(sought)
    far = f"levenshtein_distance(substr(folded, 1, {length}), {typed})"
    wrong = 0 if length < _SHORTEST_WITH_TYPO else 1 if length < _SHORTEST_WITH_TYPO + 2 else 2
    typo = f"WHEN least({far}, levenshtein_distance(folded, {typed})) <= {wrong} THEN 1 " if wrong else ""
    return (
        f"WITH things AS ({things}), names AS (SELECT *, {_folded(settings, 'name')} AS folded, "
        f"{_folded(settings, 'words')} AS folded_words FROM things WHERE name IS NOT NULL), "
        f"judged AS (SELECT *, CASE WHEN folded = {typed} THEN 5 WHEN starts_with(folded, {typed}) THEN 4 "
        f"WHEN strpos(folded, {literal(f' {sought}')}) > 0 THEN 3 "
        f"WHEN strpos(folded || ' ' || coalesce(folded_words, ''), {typed}) > 0 THEN 2 "
        f"{typo}ELSE 0 END AS fit FROM names) "
        f"SELECT id, name, beside, beside_id, plays, fit FROM judged WHERE fit > 0 {best}"
    )
