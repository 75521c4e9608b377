"""The environment of a test with an AWS of its own: made-up credentials, and nothing that was set outside."""

from __future__ import annotations

import os
from typing import Final

import pytest

REGION: Final = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def set_credentials(monkeypatch: pytest.MonkeyPatch, region: str = REGION, **more: str) -> None:
    """Set made-up credentials, a region and `more`; forget all other variables of AWS and of Soundlake."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SOUNDLAKE_"))]:
        monkeypatch.delenv(name)
    for name, value in {**KEYS, "AWS_REGION": region, **more}.items():
        monkeypatch.setenv(name, value)
