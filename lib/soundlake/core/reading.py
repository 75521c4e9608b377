"""From the bytes of a record to its JSON object, or a reason why there is none."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from soundlake.kinds.rejection import RejectedError

# The magic bytes of an aggregated record (Kinesis Producer Library) that could not be split.
AGGREGATE_MAGIC = b"\xf3\x89\x9a\xc2"
_REGISTRY_BYTES = 5  # a zero and the id of a schema
_JSON_BLANKS = b" \t\r\n"
# The first bytes of known framings; no JSON begins with them.
_FRAMINGS = {
    b"\x1f\x8b": "gzip",
    b"\x03\x00": "the header of AWS Glue's Schema Registry",
    b"\x03\x05": "the header of AWS Glue's Schema Registry, and compressed",
}
_NOT_JSON = "the record is not JSON, or cut off, or followed by something else"
_PERSONAL = re.compile(rb"ip_?addr|user_?agent|user_?name", re.IGNORECASE)


def read_object(value: bytes | None, record_bytes: int | None = None) -> dict[str, Any]:
    """The JSON object that a record is.

    `record_bytes` is the length of the record as it came. Raises RejectedError: tombstone, too_large (bronze keeps the
    beginning only), damaged_aggregate, unknown_framing (no JSON behind the bytes of a Schema Registry, or other bytes
    around it), not_utf8, not_json, not_object, double_encoded (an object inside a JSON string).
    """
    if value is None:
        raise RejectedError("tombstone", "the message has no value")
    if record_bytes is not None and record_bytes > len(value):
        raise RejectedError(
            "too_large", f"the record has {record_bytes:,} bytes, more than source.max_record_bytes: bronze cut it off"
        )
    record = _parsed(value)
    if type(record) is dict:
        return record
    if (inner := object_within(record)) is not None:
        kind = inner.get("kind") if type(inner.get("payload")) is dict else None
        raise RejectedError(
            "double_encoded",
            "the record is a JSON text that holds an object: it was encoded twice",
            kind if type(kind) is str else None,
        )
    raise RejectedError("not_object", "the record is JSON, but no object")


def object_within(value: object) -> dict[str, Any] | None:
    """The object that a JSON string holds, as from producers that encode twice; None for anything else."""
    if type(value) is not str or value.lstrip()[:1] != "{":
        return None
    try:
        inner = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return inner if type(inner) is dict else None


def has_personal_fields(value: bytes | None) -> bool:
    """Whether a record has a personal field of account exports, under any of its names."""
    return value is not None and _PERSONAL.search(value) is not None


def _parsed(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return _read_slowly(value)


def _read_slowly(value: bytes) -> Any:
    """Parse what orjson refuses with a parser that takes any number, or raise the reason."""
    if value.startswith(AGGREGATE_MAGIC):
        raise RejectedError(
            "damaged_aggregate", "a Kinesis producer put several records into one, which cannot be taken apart"
        )
    if value[:1] == b"\0" and len(value) > _REGISTRY_BYTES:
        return _behind_registry_bytes(value)
    if framing := _FRAMINGS.get(value[:2]):
        raise RejectedError("unknown_framing", f"around the record is {framing}, which is not taken apart")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise RejectedError("not_utf8", "the bytes are not UTF-8") from None
    return _read_text(text)


def _behind_registry_bytes(value: bytes) -> Any:
    record = value[_REGISTRY_BYTES:]
    if record.lstrip(_JSON_BLANKS)[:1] not in (b"{", b"["):
        schema = int.from_bytes(value[1:_REGISTRY_BYTES], "big")
        raise RejectedError(
            "unknown_framing",
            f"a Schema Registry's five bytes (schema {schema}) stand before something that is no JSON",
        )
    return _parsed(record)


def _read_text(text: str) -> Any:
    try:
        # Numbers beyond any double become infinite, an impossible value; the rest of the record is kept.
        return _without_surrogates(json.loads(text, parse_constant=_refuse, parse_int=_integer))
    except (ValueError, RecursionError):
        raise RejectedError("not_json", _NOT_JSON) from None


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def _without_surrogates(value: Any) -> Any:
    """A value with lone surrogates, which UTF-8 cannot encode, replaced by question marks."""
    if type(value) is str:
        return value.encode("utf-8", "replace").decode()
    if type(value) is list:
        return [_without_surrogates(each) for each in value]
    if type(value) is dict:
        return {_without_surrogates(name): _without_surrogates(each) for name, each in value.items()}
    return value
