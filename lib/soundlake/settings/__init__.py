"""Settings: declared in `model`, loaded by `load`, checked against the machine by `checks`."""

from __future__ import annotations

from soundlake.settings.checks import check_lake_exists, check_lake_writable, check_source
from soundlake.settings.load import load_settings
from soundlake.settings.model import DEMO_LAKE, Settings

__all__ = ["DEMO_LAKE", "Settings", "check_lake_exists", "check_lake_writable", "check_source", "load_settings"]
