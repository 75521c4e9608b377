"""How the bytes of a file become records."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundlake.sources import framing
from soundlake.sources.framing import unzip

BOM = b"\xef\xbb\xbf"
MOST_UNZIPPED = 16 * 1024 * 1024


def frame(content: bytes) -> list[bytes]:
    return framing.frame(content, MOST_UNZIPPED)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=8)


def lines(records: list[Any], end: str = "\n") -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + end for record in records).encode()


def glued(records: list[Any], between: str = "") -> bytes:
    return between.join(json.dumps(record, ensure_ascii=False) for record in records).encode()


LAYOUTS: dict[str, Callable[[list[Any]], bytes]] = {
    "ndjson": lines,
    "ndjson, no newline at the end": lambda records: lines(records).removesuffix(b"\n"),
    "ndjson, CRLF": lambda records: lines(records, "\r\n"),
    "ndjson, blank lines": lambda records: lines(records, "\n\n \n"),
    "ndjson, commas at the ends": lambda records: lines(records, ",\n"),
    "ndjson, BOM": lambda records: BOM + lines(records),
    "array": lambda records: json.dumps(records, ensure_ascii=False).encode(),
    "array, a line for each": lambda records: b"[\n" + glued(records, ",\n") + b"\n]\n",
    "array, several on a line": lambda records: b"[" + glued(records, ",").replace(b"},{", b"},\n{", 1) + b"]",
    "array, pretty": lambda records: json.dumps(records, indent=2).encode(),
    "array, pretty, CRLF": lambda records: json.dumps(records, indent="\t").replace("\n", "\r\n").encode(),
    "array, pretty, not indented": lambda records: json.dumps(records, indent=0).encode(),
    "concatenated": glued,
    "on one line, by commas": lambda records: glued(records, ",") + b"\n",
    "concatenated, spaces": lambda records: glued(records, "  "),
    "concatenated, pretty": lambda records: "".join(json.dumps(record, indent=4) for record in records).encode(),
    "pretty objects": lambda records: "\n".join(json.dumps(record, indent=1) for record in records).encode(),
    "gzip of ndjson": lambda records: gzip.compress(lines(records)),
    "gzip of a pretty array": lambda records: gzip.compress(json.dumps(records, indent=2).encode()),
    "gzip of several members": lambda records: b"".join(gzip.compress(lines([record])) for record in records),
    "gzip of several members, BOMs": lambda records: b"".join(gzip.compress(BOM + lines([r])) for r in records),
}


@pytest.mark.heavy
@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=25)
@given(records=objects)
def test_any_objects_in_any_layout_come_back(layout: str, records: list[Any]) -> None:
    assert [json.loads(record) for record in frame(LAYOUTS[layout](records))] == records


@pytest.mark.heavy
@given(records=objects, data=st.data())
def test_a_truncated_array_yields_its_whole_elements(records: list[Any], data: st.DataObject) -> None:
    whole = json.dumps(records, indent=data.draw(st.sampled_from([None, 0, 2]))).encode()
    cut = data.draw(st.integers(0, len(whole)))

    framed = frame(whole[:cut])

    assert squeezed(b"".join(framed)) == squeezed(whole[:cut])
    assert [json.loads(record) for record in framed[:-1]] == records[: len(framed[:-1])]


json_like = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b",", b'"', b"\\", b":", b"\n", b" ", b'"a"', b"1", b"null", b"\xff", b"\0"]
    )
)


def squeezed(content: bytes) -> bytes:
    return re.sub(rb"[\s,\[\]]|\xef\xbb\xbf", b"", content)


@given(content=st.binary(max_size=300) | json_like.map(b"".join))
def test_of_any_bytes_nothing_is_lost_but_separators(content: bytes) -> None:
    assert squeezed(b"".join(frame(content))) == squeezed(content)


@given(content=st.binary(max_size=100))
def test_a_broken_gzip_file_is_one_record_of_its_raw_bytes(content: bytes) -> None:
    broken = b"\x1f\x8b" + content
    assert frame(broken) == [broken]


@pytest.mark.parametrize(
    ("content", "records"),
    [
        pytest.param(b'{"a": 1.50,  "b" :2}\n', [b'{"a": 1.50,  "b" :2}'], id="bytes are kept as they are"),
        pytest.param(b'{"a":"}{"}{"b":2}', [b'{"a":"}{"}', b'{"b":2}'], id="braces inside strings are text"),
        pytest.param(b'{"a":"\\n\\"}"}\n{}', [b'{"a":"\\n\\"}"}', b"{}"], id="escapes are text"),
        pytest.param(b'{"a":{"b":1}\n}\n{"c":2}', [b'{"a":{"b":1}\n}', b'{"c":2}'], id="a line may end inside a value"),
        pytest.param(b'{"n":"caf\xe9"}\n{"b":2}', [b'{"n":"caf\xe9"}', b'{"b":2}'], id="a record may be no UTF-8"),
        pytest.param(
            b'{"a":1}{"n":"\xe9"}{"b":2}', [b'{"a":1}', b'{"n":"\xe9"}', b'{"b":2}'], id="glued to others too"
        ),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}{}", [b'{"a":' + b"9" * 5000 + b"}", b"{}"], id="long numbers"),
    ],
)
def test_a_record_is_exactly_its_bytes(content: bytes, records: list[bytes]) -> None:
    assert frame(content) == records


@pytest.mark.parametrize(
    ("content", "records"),
    [
        pytest.param(b'{"a":1}\n{"b":\n{"c":3}\n', [b'{"a":1}', b'{"b":', b'{"c":3}'], id="cut off"),
        pytest.param(b'{"a":"x\n{"c":3}\n', [b'{"a":"x', b'{"c":3}'], id="cut off inside a string"),
        pytest.param(b'a,b\n1,2\n{"c":3}', [b"a,b", b"1,2", b'{"c":3}'], id="a disclaimer before the records"),
        pytest.param(b'{"a":1} x 2\n{}', [b'{"a":1}', b"x 2", b"{}"], id="rubbish after a value"),
        pytest.param(b'12\n"x"\nnull\n{}', [b"12", b'"x"', b"null", b"{}"], id="scalars"),
        pytest.param(b'{"a":1}\n\0\0\0\n{"b":2}', [b'{"a":1}', b"\0\0\0", b'{"b":2}'], id="NUL bytes"),
        pytest.param(b'[INFO] up\n{"a":1}', [b"[INFO] up", b'{"a":1}'], id="a log line"),
        pytest.param(b'{\n{"a":1}\n', [b"{", b'{"a":1}'], id="a lone brace"),
    ],
)
def test_a_bad_line_is_a_record_and_the_next_lines_go_on(content: bytes, records: list[bytes]) -> None:
    assert frame(content) == records


@pytest.mark.parametrize(
    ("content", "records"),
    [
        pytest.param(b'[{"a":1},{"b":', [b'{"a":1}', b'{"b":'], id="truncated, one line"),
        pytest.param(b'[\n{"a":1},\n{"b":2},', [b'{"a":1}', b'{"b":2}'], id="truncated between elements"),
        pytest.param(b'[{"a":1},{"b"},{"c":3}]\n[{}]', [b'{"a":1}', b'{"b"},{"c":3}]', b"{}"], id="a bad element"),
        pytest.param(b'[\n{"a":1},\n{"b"},\n{"c":3}\n]', [b'{"a":1}', b'{"b"},', b'{"c":3}'], id="a bad line"),
        pytest.param(b'rubbish\n[{"a":1},\n{"b":2}]', [b"rubbish", b'{"a":1}', b'{"b":2}'], id="a bad first line"),
        pytest.param(b'[rubbish\n{"a":1},\n{"b":2}]', [b"[rubbish", b'{"a":1}', b'{"b":2}'], id="a bad first element"),
        pytest.param(b'[[1,{}],[],{"a":[{}]}]', [b"[1,{}]", b"[]", b'{"a":[{}]}'], id="only the outer array is opened"),
        pytest.param(b'[null, 1, "a,]", {"b":2}]', [b"null", b"1", b'"a,]"', b'{"b":2}'], id="scalar elements"),
        pytest.param(b'[{"a":1}]\n[{"b":2}]', [b'{"a":1}', b'{"b":2}'], id="an array on each line"),
    ],
)
def test_the_elements_of_an_array_are_records(content: bytes, records: list[bytes]) -> None:
    assert frame(content) == records


@pytest.mark.parametrize("indent", [0, 2], ids=["not indented", "indented"])
def test_things_inside_a_truncated_object_are_no_records(indent: int) -> None:
    track = json.dumps({"id": "t", "artists": [{"id": "a"}, {"id": "b"}], "album": {"id": "c"}}, indent=indent).encode()
    assert frame(track[:-3]) == [track[:-3].strip()]


def test_things_inside_a_broken_object_are_no_records() -> None:
    broken = b'{\n  "id": x,\n  "artists": [\n    {\n      "id": "a"\n    }\n  ]\n}'
    assert frame(broken + b'\n{"id": "t"}') == [broken, b'{"id": "t"}']


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\r\n\t",
        BOM,
        BOM + b" " + BOM + b"[ ]\n[]",
        b"[]",
        b"[\n]\n",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"\n", mtime=0),
    ],
)
def test_a_file_of_nothing_has_no_records(content: bytes) -> None:
    assert frame(content) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"a": 1}\n{"b": 2}\n'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a": 1}\n{"b": 2}\n'.encode("utf-16-le"), id="UTF-16 without BOM"),
        pytest.param("à,b\n1,2\n".encode("latin-1"), id="Latin-1 text"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n{", id="binary"),
        pytest.param(gzip.compress(b"\x89PNG\r\n\x1a\n\0"), id="gzip of binary"),
        pytest.param(gzip.compress(b'{"a":1}\n' * 100)[:-9], id="truncated gzip"),
        pytest.param(gzip.compress(b'{"a":1}\n') + b"rubbish", id="gzip with rubbish behind"),
        pytest.param(b"\0" * 10, id="NUL bytes"),
        pytest.param(b"[", id="a lone bracket"),
        pytest.param(b"{", id="a lone brace"),
    ],
)
def test_a_file_that_cannot_be_framed_is_one_record_of_its_raw_bytes(content: bytes) -> None:
    assert frame(content) == [content]


def test_gzip_padded_with_zeros_is_whole() -> None:
    assert frame(gzip.compress(b'{"a":1}') + b"\0" * 512) == [b'{"a":1}']


def test_gzip_that_unpacks_to_more_than_can_be_carried_is_not_unpacked() -> None:
    assert unzip(gzip.compress(b"x" * 1000), limit=1000) == b"x" * 1000
    assert unzip(gzip.compress(b"x" * 1001), limit=1000) is None


@pytest.mark.parametrize("end", [b"", b"]" * 100_000], ids=["never closed", "closed"])
def test_deep_nesting_is_no_trouble(end: bytes) -> None:
    deep = b'{"a":' + b"[" * 100_000 + end + (b"}" if end else b"")
    assert frame(deep + b'\n{"b":2}{"c":3}') == [deep, b'{"b":2}', b'{"c":3}']


# What may keep a reader from coming to an end, in pieces: whatever is made of them has to be cut up in one go.
SIGNS = b'{ } [ ] , " \\ \\" : - 1 1, x null "a" []'.split()
BLANKS = [b"\n", b"\r\n", b" ", b"\t", BOM, b"\xff", b"\0"]
BEGINNINGS = [b'{"a":1}', b'{"a":', b'{"a"', b'{"a":"', b'["a', b"{\n", b" {\n", b"[\n"]
PIECES = st.sampled_from([*SIGNS, *BLANKS, *BEGINNINGS])
# However long a file is: its rest is given up when it was read in vain eight times over.
MOST_LOOKS = 40


@pytest.mark.heavy
@settings(max_examples=300)
@given(
    before=st.lists(PIECES, max_size=3),
    again=st.lists(PIECES, min_size=1, max_size=4),
    after=st.lists(PIECES, max_size=3),
)
def test_no_byte_is_looked_at_often_however_long_the_file(
    before: list[bytes], again: list[bytes], after: list[bytes]
) -> None:
    """The work grows as the file does: counted in bytes that are looked at, not in seconds."""
    for times in (100, 2_000):
        content = b"".join([*before, *again * times, *after])
        framer = framing._Framer(content)
        framed = list(framer.records())
        assert squeezed(b"".join(framed)) == squeezed(content)
        assert framer.inspected <= MOST_LOOKS * len(content)


@pytest.mark.heavy
@pytest.mark.parametrize("between", [b"\t", b" ", b"\n", b"[]", BOM, b"[", b"{", b'"', b","], ids=repr)
def test_a_small_archive_of_much_the_same_is_no_trouble(between: bytes) -> None:
    """A kilobyte of gzip held the stream up for good, and blanks took a hundred times their size."""
    content = gzip.compress(b'{"a"' + between * 1_000_000)
    start = time.process_time()
    assert b"".join(frame(content))
    assert time.process_time() - start < 10


def test_a_value_longer_than_what_is_parsed_is_one_record() -> None:
    long = b'{"a":[' + b'"x",' * 1_500_000 + b"1]}"
    assert frame(b'{"b":1}\n' + long + b'\n{"c":2}{"d":3}') == [b'{"b":1}', long, b'{"c":2}', b'{"d":3}']


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"a":\n' * 50_000, id="values that never end"),
        pytest.param(b'{"a" 1\n' * 50_000, id="bad lines"),
        pytest.param(b'{"a":1}' * 50_000, id="one line of objects"),
        pytest.param(b"".join(gzip.compress(b"{}", 1) for _ in range(10_000)), id="gzip of many members"),
        pytest.param(b'{"a":"' + b'\\"' * 150_000, id="a string that never ends"),
        pytest.param(b"\xff\n" * 150_000, id="lines that are no text"),
    ],
)
@pytest.mark.heavy
def test_no_file_takes_long(content: bytes) -> None:
    start = time.process_time()
    frame(content)
    assert time.process_time() - start < 10
