"""A log-in for the broker: a listener that speaks TLS only, and asks for a name and a password (SCRAM)."""

from __future__ import annotations

import subprocess
from pathlib import Path

USER, PASSWORD = "listener", "only-for-tests"
MECHANISM = "SCRAM-SHA-512"
_ALIAS = "broker"
_PROPERTIES = """
sasl.enabled.mechanisms={mechanism}
listener.name.login.{lower}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.ssl.keystore.type=PKCS12
listener.name.login.ssl.keystore.location={folder}/broker.p12
listener.name.login.ssl.keystore.password={password}
"""


def server_properties(folder: Path) -> str:
    """What the broker is told about the listener that is called LOGIN."""
    return _PROPERTIES.format(mechanism=MECHANISM, lower=MECHANISM.lower(), folder=folder, password=PASSWORD)


def users() -> list[str]:
    """The options with which the broker's storage is formatted, so that the user is known."""
    return [f"--add-scram={MECHANISM}=[name={USER},password={PASSWORD}]"]


def make_certificate(folder: Path, keytool: Path) -> Path:
    """Make the broker's key, and the certificate that clients trust; returns the certificate."""
    store = ["-keystore", str(folder / "broker.p12"), "-storetype", "PKCS12", "-storepass", PASSWORD, "-alias", _ALIAS]
    names = ["-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1"]
    certificate = folder / "broker.pem"
    for command in (
        ["-genkeypair", *store, *names, "-keyalg", "EC", "-validity", "2"],
        ["-exportcert", "-rfc", *store, "-file", str(certificate)],
    ):
        subprocess.run([str(keytool), *command], check=True, capture_output=True, timeout=60)
    return certificate


def client_options(certificate: Path, password: str = PASSWORD) -> dict[str, str]:
    """The options of Kafka's Java client that get in."""
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": MECHANISM,
        "sasl.jaas.config": f'{module} required username="{USER}" password="{password}";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificate),
    }
