"""Opening records: from bronze rows to each record's kind, without reading its payload."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds import KINDS
from soundlake.kinds.payload import STRICT, as_list, is_one_value, only_value, parse_values
from soundlake.sources.kinesis.deaggregate import MAGIC

# How envelopes begin, as writers of JSON put it.
_STARTS = ('{"kind":"', '{"kind": "')


def is_utf8(value: Column) -> Column:
    """Whether bytes are well-formed UTF-8."""
    text = value.cast("string")
    if hasattr(F, "is_valid_utf8"):  # since Spark 4.0, where decoding malformed bytes is an error
        return F.is_valid_utf8(text)
    return F.encode(F.decode(value, "UTF-8"), "UTF-8") == value


def says_kind(events: DataFrame) -> DataFrame:
    """Add `is_text` (whether the value is UTF-8) and `record_kind` (null where it is not) to bronze rows.

    An envelope's kind beats the topic's. Looking into a record costs a parse, so it is done only where the topic says
    no kind, or where the text may name another one: envelopes as Soundlake writes them begin with their kind.
    """
    text = F.col("value").cast("string")
    begins_with_own_kind = reduce(
        or_, [text.startswith(F.concat(F.lit(start), F.col("kind"), F.lit('"'))) for start in _STARTS]
    )
    # JSON may spell the letters of "kind" as escapes, all of which begin alike.
    names_a_kind = F.contains(text, F.lit('"kind"')) | F.contains(text, F.lit("\\u006"))
    is_plain = F.col("kind").isNotNull() & (~names_a_kind | begins_with_own_kind)
    peeked = only_value(F.col("peeked"))
    by_envelope = F.when(peeked["payload"].isNotNull(), peeked["kind"])
    said = F.when(F.col("is_plain"), F.col("kind")).otherwise(F.coalesce(by_envelope, F.col("kind")))
    return (
        events.withColumn("is_text", F.col("value").isNotNull() & is_utf8(F.col("value")))
        .withColumn("is_plain", is_plain)
        .withColumn(
            "peeked", F.when(~F.col("is_plain"), parse_values(text, "kind: string, payload: struct<kind: string>"))
        )
        .withColumn("record_kind", F.when(F.col("is_text"), said))
        .drop("is_plain", "peeked")
    )


def flaw_of_unread(events: DataFrame) -> DataFrame:
    """For records of no known kind, from says_kind: add `reason` and `detail`."""
    value, text = F.col("value"), F.col("value").cast("string")
    known = ", ".join(KINDS)
    is_object = only_value(parse_values(text, "kind: string")).isNotNull()
    shown = F.substring(F.coalesce(F.col("record_kind"), F.lit("none")), 1, 40)
    return events.withColumn(
        "reason",
        F.when(value.isNull(), "tombstone")
        .when(value.startswith(F.lit(MAGIC)), "damaged_aggregate")
        .when(~F.col("is_text"), "not_utf8")
        .when(is_object, "unknown_kind")
        .otherwise(flaw_of_unparsed(text)),
    ).withColumn(
        "detail",
        F.when(
            F.col("reason") == "unknown_kind", F.concat(F.lit("kind is "), shown, F.lit(f"; known are {known}"))
        ).otherwise(detail_of("reason")),
    )


def detail_of(reason: str) -> Column:
    """What a person reads for the reasons that concern the record as a whole."""
    code = F.col(reason)
    return (
        F.when(code == "tombstone", "the message has no value")
        .when(
            code == "damaged_aggregate", "a Kinesis producer put several records into one, which cannot be taken apart"
        )
        .when(code == "not_utf8", "the bytes are not UTF-8")
        .when(code == "not_object", "the record is JSON, but no object")
        .when(code == "not_json", "the record is not JSON, or cut off, or followed by something else")
    )


def flaw_of_unparsed(text: Column) -> Column:
    """not_object or not_json, for a text that is no JSON object."""
    values = F.from_json(as_list(text), "array<string>", STRICT)
    return F.when(is_one_value(values), "not_object").otherwise("not_json")
