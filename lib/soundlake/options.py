"""The options that several commands of `soundlake` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="settings, TOML")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="one setting, section.key=value")]
LakeUri = Annotated[str | None, typer.Option("--lake", metavar="URI", help="the lake: a local path, s3://… or s3a://…")]
Consenting = Annotated[str, typer.Option("--user", metavar="NAME", help="the user whose consent is used")]
Browser = Annotated[bool, typer.Option(help="open a browser here, or show a URL to open elsewhere")]
