"""The records of a draft: which kinds the columns of a file make, and from which column each field is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from soundlake.imports import guesses
from soundlake.imports.columns import plain_name
from soundlake.imports.fields import FIELDS, ID, MEASURED, NEEDED
from soundlake.imports.likely_names import NAMES, LikelyColumns, about
from soundlake.imports.lists import members
from soundlake.imports.mapping_file import parse_mapping

Values: TypeAlias = Mapping[str, Sequence[Any]]
Fields: TypeAlias = dict[str, str]
Drafted: TypeAlias = tuple[str, list[tuple[str, str]]]

_ORDER = ("track", "audio_features", "album", "artist", "playlist", "playlist_item", "play")

# Ids that are known by their links where their columns have other names.
_THING_OF = {
    ("track", "id"): "track",
    ("audio_features", "id"): "track",
    ("playlist_item", "track.id"): "track",
    ("play", "track.id"): "track",
    ("playlist_item", "playlist.id"): "playlist",
    ("playlist", "id"): "playlist",
    ("album", "id"): "album",
    ("track", "album.id"): "album",
    ("artist", "id"): "artist",
}
_MADE_UP_TRACKS = "There are no ids of tracks: they are made up of the names, and meet no id of Spotify's."
_MADE_UP_LISTS = "There are no ids of playlists: they are made up, and meet none of Spotify's."
_FILE_IS_LIST = "The file is taken for one playlist (or chart) of its name."


def drafted_records(names: Sequence[str], values: Values, *, is_nested: bool) -> tuple[list[Drafted], list[str]]:
    """The records that the columns make, and what to say about them.

    `is_nested` says that rows are elements of a list, whose place in it is the column that ends with `.#`.
    """
    of = "playlist" if is_nested else about([plain_name(name) for name in names])
    found = {kind: _fields(kind, names, values, of) for kind in _ORDER}
    _take_ids(found, names, values)
    for kind, fields in found.items():
        _pair_lists(kind, fields, values)
    notes = [*_make_up_tracks(found), *_make_up_lists(found, names, is_nested)]
    records = [(kind, _in_order(kind, fields)) for kind, fields in found.items() if _is_record(kind, fields)]
    return records, notes


def _in_order(kind: str, fields: Fields) -> list[tuple[str, str]]:
    return [(path, fields[path]) for path in FIELDS[kind] if path in fields]


def _fields(kind: str, names: Sequence[str], values: Values, of: str) -> Fields:
    """The fields that the columns have names for; plain names are those `of` a kind of thing."""
    fields: Fields = {}
    columns = LikelyColumns(names)
    known = NAMES.get(kind, {})
    for path, type_ in FIELDS[kind].items():
        likely = list(columns.meant_by(known.get(path, ())))
        if path.endswith("[].id"):
            # Lists of objects hold the ids beside the names.
            likely += columns.meant_by(known.get(path.replace("[].id", "[].name"), ()))
            likely = [name for name in likely if _may_hold_ids(name, values[name], known.get(path, ()), columns)]
        if type_ == ID and (linked := guesses.by_links(_THING_OF.get((kind, path)), values)) is not None:
            likely.append(linked)
        for name in likely:
            text = guesses.source(name, path, type_, values[name])
            if text is None:
                continue
            if path == "position" and guesses.counts_from_one(values[name]):
                text = f"{{ column = {json.dumps(name, ensure_ascii=False)}, add = -1 }}"
            fields[path] = text
            break
    return _disentangled(kind, guesses.alike(fields), names, of)


def _may_hold_ids(name: str, of_column: Sequence[Any], candidates: Sequence[str], columns: LikelyColumns) -> bool:
    """Whether a column of lists holds ids: objects with an id, or texts in a column that is called so."""
    found = members(of_column)
    return "id" in found if found else name in columns.meant_by(candidates)


def _disentangled(kind: str, fields: Fields, names: Sequence[str], of: str) -> Fields:
    """`id` and `name` alone belong to what the file is about: an artist's, where it speaks of artists only."""
    bare = {name for name in names if plain_name(name) in ("id", "name", "popularity", "uri")}
    of_track = {"track": "track", "audio_features": "track", "playlist_item": "track", "play": "track"}.get(kind, kind)
    if of_track == of:
        return fields
    return {path: text for path, text in fields.items() if _column_of(text) not in bare}


def _take_ids(found: Mapping[str, Fields], names: Sequence[str], values: Values) -> None:
    """Give tracks that have no id a column of ids that nothing else is made of, whatever it is called."""
    if "id" in found["track"]:
        return
    taken = {name for fields in found.values() for text in fields.values() if (name := _column_of(text)) is not None}
    other_ids = set(
        LikelyColumns(names).meant_by([n for kind in ("album", "artist", "playlist") for n in NAMES[kind]["id"]])
    )
    column = guesses.of_bare_ids(names, values, taken | other_ids)
    if column is not None:
        quoted = json.dumps(column, ensure_ascii=False)
        found["track"]["id"] = found["audio_features"]["id"] = found["playlist_item"]["track.id"] = quoted
        found["play"]["track.id"] = quoted


def _pair_lists(kind: str, fields: Fields, values: Values) -> None:
    """Names that stand beside ids are a list where the ids are one, with as many elements in every row."""
    for path in [path for path in fields if path.endswith("artists[].id")]:
        names_path = path.replace("[].id", "[].name")
        ids, named = _source_of(fields[path]), fields.get(names_path)
        separator = ids.get("list")
        if separator not in (",", ";", "|") or named is None or not named.startswith('"'):
            continue
        pairs = zip(values[str(ids["column"])], values[json.loads(named)], strict=True)
        full = [(a, b) for a, b in pairs if isinstance(a, str) and isinstance(b, str) and a.strip() and b.strip()]
        if all(a.count(separator) == b.count(separator) for a, b in full):
            fields[names_path] = f"{{ column = {named}, list = {json.dumps(separator)} }}"


def _source_of(text: str) -> dict[str, Any]:
    value = tomllib.loads(f"value = {text}")["value"]
    return value if isinstance(value, dict) else {"column": value}


def _make_up_tracks(found: Mapping[str, Fields]) -> list[str]:
    """Give tracks without an id one of the name and the artist."""
    track, features, item = found["track"], found["audio_features"], found["playlist_item"]
    parts = [_column_of(track.get(path)) for path in ("artists[].name", "name")]
    if "id" in track or None in parts or any(set("{}:!") & set(part or "") for part in parts):
        return []
    made_up = json.dumps(" - ".join(f"{{{part}}}" for part in parts), ensure_ascii=False)
    text = f'{{ template = {made_up}, made_up = "track" }}'
    track["id"] = features["id"] = item["track.id"] = text
    return [_MADE_UP_TRACKS] if len(track) > 1 else []


def _make_up_lists(found: Mapping[str, Fields], names: Sequence[str], is_nested: bool) -> list[str]:
    """Give entries their list and place, as far as the file says or its shape tells."""
    item, playlist = found["playlist_item"], found["playlist"]
    notes = []
    if "track.id" not in item:
        return []
    place = next((name for name in names if name.endswith(".#")), None) if is_nested else None
    if "position" not in item and place is not None:
        item["position"] = json.dumps(place, ensure_ascii=False)
    for path in ("id", "name"):
        if path in playlist and is_nested:
            item.setdefault(f"playlist.{path}", playlist[path])
    known = (
        _column_of(item.get("playlist.id")) or _column_of(item.get("playlist.name")) or _column_of(playlist.get("name"))
    )
    if known is not None and ("playlist.id" not in item or plain_name(known) == "pid"):
        quoted = json.dumps(known, ensure_ascii=False)
        item["playlist.id"] = playlist["id"] = f'{{ column = {quoted}, made_up = "playlist" }}'
        notes.append(_MADE_UP_LISTS)
    elif "playlist.id" not in item and ("position" in item or "added_at" in item):
        item["playlist.id"] = '{ given = "file", made_up = "playlist" }'
        item["playlist.name"] = '{ given = "file" }'
        item.setdefault("position", '{ given = "row" }')
        notes.append(_FILE_IS_LIST)
    within, of = _column_of(item.get("playlist.id")), _column_of(item.get("track.id"))
    if "position" not in item and within is not None and of is not None:
        pair = f"within = {json.dumps(within, ensure_ascii=False)}, of = {json.dumps(of, ensure_ascii=False)}"
        item["position"] = f"{{ place = {{ {pair} }} }}"
    return notes


def _column_of(text: str | None) -> str | None:
    """The column that a field is from, where it is from one."""
    value = None if text is None else tomllib.loads(f"value = {text}")["value"]
    name = value.get("column") if isinstance(value, dict) else value
    return name if isinstance(name, str) else None


def _is_record(kind: str, fields: Fields) -> bool:
    """Whether fields make a record that says something."""
    groups = [group for group in NEEDED[kind] if group != ("user_id",)]
    if not all(any(path in fields for path in group) for group in groups):
        return False
    if kind == "audio_features":
        return len(fields.keys() & set(MEASURED)) >= 3
    if len(fields) < 2:
        return False
    values = {path: tomllib.loads(f"value = {text}")["value"] for path, text in fields.items()}
    parse_mapping({"name": "draft", "records": [{"kind": kind, "fields": values}]}, "draft")
    return True
