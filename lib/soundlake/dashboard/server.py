"""The web server of the dashboard: Streamlit behind a check of the Host header.

Without it, a foreign page could point its own name at this machine (DNS rebinding) and read the dashboard through the
browser of anyone who opens that page. IP addresses cannot be rebound, so they always pass.
"""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from socket import gethostname
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import config
from streamlit.starlette import App

from soundlake.dashboard.arguments import read_arguments


class HostCheck:
    """Refuses requests whose Host is neither an IP address nor one of `names`."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 400."""
        if scope["type"] not in ("http", "websocket") or self._is_known(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            told = "unknown host name: add it to dashboard.hosts, or use localhost"
            await PlainTextResponse(told, status_code=400)(scope, receive, send)
        else:
            await WebSocketClose()(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


@asynccontextmanager
async def _opened(_: App) -> AsyncIterator[None]:
    """Open a browser, unless the server is headless."""
    opening = None
    if not config.get_option("server.headless"):
        url = f"http://{config.get_option('server.address')}:{config.get_option('server.port')}"
        opening = asyncio.create_task(asyncio.to_thread(webbrowser.open, url))
    yield
    if opening is not None:
        opening.cancel()


_settings = read_arguments(sys.argv[1:]).settings.dashboard

app = App(
    Path(__file__).with_name("app.py"),
    lifespan=_opened,
    middleware=[Middleware(HostCheck, names=("localhost", gethostname(), _settings.host, *_settings.hosts))],
)
