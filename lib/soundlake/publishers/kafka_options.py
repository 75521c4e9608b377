"""Translating the login of source.kafka.options from the Java client to librdkafka."""

from __future__ import annotations

import re
from collections.abc import Mapping

from soundlake.errors import UsageError

_SAME = ("security.protocol", "ssl.endpoint.identification.algorithm")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_WORD = re.compile(r'(username|password)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\')')
_HOW = "set publish.kafka_options, which take the names of librdkafka"


def log_in(java: Mapping[str, str]) -> dict[str, str]:
    """Return the options of librdkafka for the same login and encryption; others are left out.

    Raises UsageError, without any value, for what librdkafka has no option for.
    """
    options = {name: java[name] for name in _SAME if name in java}
    mechanism = java.get("sasl.mechanism")
    if mechanism is not None:
        if mechanism not in _MECHANISMS:
            raise UsageError(f"source.kafka.options: sasl.mechanism {mechanism} is for the Java client only: {_HOW}")
        words = {name: double or single for name, double, single in _WORD.findall(java.get("sasl.jaas.config", ""))}
        if set(words) != {"username", "password"}:
            raise UsageError(f"source.kafka.options: sasl.jaas.config holds no username and password: {_HOW}")
        unescaped = {name: re.sub(r"\\(.)", r"\1", word) for name, word in words.items()}
        options |= {"sasl.mechanism": mechanism}
        options |= {"sasl.username": unescaped["username"], "sasl.password": unescaped["password"]}
    return options | _trust(java)


def _trust(java: Mapping[str, str]) -> dict[str, str]:
    """The options of PEM certificates."""
    kinds = {java.get("ssl.truststore.type", "JKS"), java.get("ssl.keystore.type", "PEM")}
    stores = [name for name in java if name.startswith(("ssl.truststore.", "ssl.keystore."))]
    if not stores:
        return {}
    if kinds != {"PEM"} or any(name.startswith("ssl.keystore.") for name in stores):
        raise UsageError(f"source.kafka.options: {', '.join(stores)}: only a PEM truststore can be used here: {_HOW}")
    names = {"ssl.truststore.location": "ssl.ca.location", "ssl.truststore.certificates": "ssl.ca.pem"}
    return {mine: java[theirs] for theirs, mine in names.items() if theirs in java}
