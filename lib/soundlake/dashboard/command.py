"""`soundlake dashboard`: checks the settings, then becomes the web server."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from soundlake.dashboard.colours import BLUE
from soundlake.errors import UsageError
from soundlake.options import Config, LakeUri, Sets


def dashboard(
    config: Config = None,
    sets: Sets = None,
    lake: LakeUri = None,
    port: Annotated[int | None, typer.Option("--port", help="by default dashboard.port")] = None,
    browser: Annotated[bool, typer.Option(help="open a browser here")] = True,
) -> None:
    """Open the dashboard; Ctrl-C ends it.

    It asks Athena where catalog.type is glue, else the lake itself.
    """
    from soundlake.settings import check_lake_exists, load_settings

    settings = load_settings(config, sets or (), lake)
    host, port = settings.dashboard.host, port or settings.dashboard.port
    if find_spec("streamlit") is None:
        raise UsageError("the dashboard needs Streamlit: pip install 'soundlake[dashboard]'")
    problems: list[str] = []
    try:
        if settings.catalog.type == "none":
            check_lake_exists(settings)
    except UsageError as error:
        problems += error.problems
    problems += _why_not_free(host, port)
    if problems:
        raise UsageError(*problems)
    arguments = [*(["--config", str(config)] if config else []), *(f"--set={one}" for one in sets or ())]
    arguments += ["--lake", lake] if lake is not None else []
    typer.echo(f"soundlake: the dashboard is at http://{host}:{port} (Ctrl-C ends it)", err=True)
    sys.stderr.flush()
    # The server takes the place of this process: signals and the exit code are its own.
    os.execv(sys.executable, [sys.executable, *server(host, port, browser), "--", *arguments])


def server(host: str, port: int, browser: bool) -> list[str]:
    """Return Python's arguments that start Streamlit: its address, no telemetry, no prompts, a minimal toolbar."""
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": not browser,
        "server.showEmailPrompt": False,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "theme.light.primaryColor": BLUE,
        "theme.dark.primaryColor": "#56B4E9",
        # Captions are drawn at 60 % of these: with Streamlit's own they are too pale to read.
        "theme.light.textColor": "#111418",
        "theme.light.codeTextColor": "#111418",
        "theme.dark.codeTextColor": "#FAFAFA",
        "theme.headingFontSizes": '["2.1rem", "1.6rem", "1.3rem"]',
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "type",
    }
    told = [f"--{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in options.items()]
    return ["-m", "streamlit", "run", *told, str(Path(__file__).with_name("server.py"))]


def _why_not_free(host: str, port: int) -> list[str]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return [f"cannot listen on {host}:{port}: {error.strerror}: choose another with --port"]
    return []
