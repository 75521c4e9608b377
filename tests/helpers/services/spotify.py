"""A fake Spotify (and ReccoBeats): real HTTP on 127.0.0.1, behaving as the API does in both of its generations.

`generation` "old" is an app with extended quota, "new" one in development mode since February 2026: other shapes, no
batch reads, no audio features, entries only of one's own playlists, small pages.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from helpers.services.catalog import USER, Catalog, Thing

CLIENT_ID, CLIENT_SECRET = "an-app", "its-password"


@dataclass
class Fault:
    """What the server does instead of answering, so many times, after it has answered `after` such requests."""

    path: str
    status: int
    times: int = 1
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    delay: float = 0.0
    is_lost_answer: bool = False  # what was asked for is done all the same; only for what is written


@dataclass
class Asked:
    """A request that came in."""

    path: str
    query: dict[str, str]


class HttpError(Exception):
    def __init__(self, status: int, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"status": status, "message": message, **({"reason": reason} if reason else {})}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed hang up: that is what they are killed for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeSpotify:
    """The server. `asked` is what was asked of it; `before` is called with each request before it is answered."""

    def __init__(self, catalog: Catalog, generation: str = "old") -> None:
        self.catalog = catalog
        self.generation = generation
        self.has_items_route = True
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.reccobeats_knows: set[str] = set(catalog.features)
        self.top: dict[str, list[Thing]] = {"tracks": [], "artists": []}
        self.saved: dict[str, list[Thing]] = {"tracks": [], "albums": []}
        self.followed: list[Thing] = []
        self.follows: set[str] = set()  # ids of playlists of others
        self.before: Callable[[Asked], None] = lambda asked: None
        self.tokens: dict[str, str] = {}
        self.consents: set[str] = set()
        self.challenges: dict[str, str | None] = {}
        self.grants: list[dict[str, str]] = []
        self._issued = 0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that point Soundlake here."""
        return (
            f"extract.api_url={self.url}/v1",
            f"extract.accounts_url={self.url}",
            f"extract.reccobeats_url={self.url}/reccobeats",
        )

    def fail(self, path: str, status: int, **more: Any) -> None:
        """Fail requests whose path matches."""
        self.faults.append(Fault(path, status, **more))

    def paths(self, pattern: str = "") -> list[str]:
        return [asked.path for asked in self.asked if re.search(pattern, asked.path)]

    def revoke_tokens(self) -> None:
        self.tokens.clear()

    # The answers.

    def answer(self, path: str, query: dict[str, str], user: str | None) -> Any:
        if path.startswith("/reccobeats/"):
            return self._reccobeats(query)
        parts = path.removeprefix("/v1/").strip("/").split("/")
        match parts:
            case ["tracks" | "albums" | "artists" as kind]:
                return self._batch(kind, query)
            case ["tracks" | "albums" | "artists" as kind, thing]:
                return self._one(kind, thing)
            case ["albums", album, "tracks"]:
                return self._page(path, query, self._tracks_of(album), most=50)
            case ["artists", artist, "albums"]:
                albums = [a for a in self.catalog.albums.values() if a["artists"][0]["id"] == artist]
                return self._page(path, query, albums, most=10 if self.generation == "new" else 50)
            case ["audio-features"]:
                if self.generation == "new":
                    raise HttpError(403, "Forbidden")
                return {"audio_features": [self.catalog.features.get(i) for i in query["ids"].split(",")]}
            case ["playlists", playlist]:
                return self._playlist(playlist, query, user)
            case ["playlists", playlist, "items" | "tracks" as route]:
                return self._entries(path, playlist, route, query, user)
            case ["search"]:
                return self._search(path, query)
            case ["me", *rest]:
                if user is None:
                    raise HttpError(403, "Insufficient client scope")
                return self._me(path, rest, query)
        raise HttpError(404, "Service not found")

    def _one(self, kind: str, thing: str) -> Thing:
        things = getattr(self.catalog, kind)
        if thing not in things:
            raise HttpError(404, "Resource not found")
        shown = self.catalog.shown(kind[:-1], things[thing], self.generation)
        if kind == "albums":
            shown["tracks"] = self._page(f"/v1/albums/{thing}/tracks", {"limit": "3"}, self._tracks_of(thing), most=50)
        return shown

    def _batch(self, kind: str, query: dict[str, str]) -> Thing:
        if self.generation == "new":
            raise HttpError(403, "Forbidden")
        ids = query["ids"].split(",")
        if len(ids) > (20 if kind == "albums" else 50):
            raise HttpError(400, "Too many ids requested")
        known = getattr(self.catalog, kind)
        return {kind: [self._one(kind, thing) if thing in known else None for thing in ids]}

    def _tracks_of(self, album: str) -> list[Thing]:
        return [track for track in self.catalog.tracks.values() if track["album"]["id"] == album]

    def _playlist(self, playlist: str, query: dict[str, str], user: str | None) -> Thing:
        shown = dict(self._known_playlist(playlist))
        if "fields" in query:
            return {name: shown[name] for name in query["fields"].split(",") if name in shown}
        entries = self.catalog.entries[playlist]
        if self.generation == "old":
            shown["tracks"] = self._page(f"/v1/playlists/{playlist}/tracks", {}, self._shown_entries(entries), most=100)
        elif shown["owner"]["id"] == user:
            shown["items"] = self._page(f"/v1/playlists/{playlist}/items", {}, self._shown_entries(entries), most=50)
        return shown

    def _entries(self, path: str, playlist: str, route: str, query: dict[str, str], user: str | None) -> Thing:
        if (route == "items" and not self.has_items_route) or (route == "tracks" and self.generation == "new"):
            raise HttpError(404, "Service not found")
        owner = self._known_playlist(playlist)["owner"]["id"]
        if self.generation == "new" and owner != user:
            raise HttpError(403, "Forbidden")
        return self._page(path, query, self._shown_entries(self.catalog.entries[playlist]), most=50)

    def _known_playlist(self, playlist: str) -> Thing:
        found = self.catalog.playlists.get(playlist)
        if found is None or found["owner"]["id"] == "spotify":  # editorial playlists are gone for most apps
            raise HttpError(404, "Resource not found")
        return found

    def _shown_entries(self, entries: list[Thing]) -> list[Thing]:
        name = "track" if self.generation == "old" else "item"
        return [{"added_at": entry["added_at"], name: self._shown(entry["thing"])} for entry in entries]

    def _shown(self, thing: Thing | None) -> Thing | None:
        if thing is None or thing.get("type") not in ("track", "album", "artist"):
            return thing
        return self.catalog.shown(thing["type"], thing, self.generation)

    def _page(self, path: str, query: dict[str, str], things: list[Any], most: int) -> Thing:
        limit, offset = int(query.get("limit", min(20, most))), int(query.get("offset", 0))
        if limit > most:
            raise HttpError(400, "Invalid limit")
        ahead = {**query, "limit": limit, "offset": offset + limit}
        more = offset + limit < len(things)
        return {
            "items": things[offset : offset + limit],
            "limit": limit,
            "offset": offset,
            "total": len(things),
            "next": f"{self.url}{path}?{urlencode(ahead)}" if more else None,
        }

    def _search(self, path: str, query: dict[str, str]) -> Thing:
        kind = f"{query['type']}s"
        found = [thing for thing in getattr(self.catalog, kind).values() if query["q"].lower() in thing["name"].lower()]
        shown: list[Any] = [thing if kind == "playlists" else self._shown(thing) for thing in found]
        if kind == "playlists":
            shown = [None, *shown]
        return {kind: self._page(path, query, shown, most=10 if self.generation == "new" else 50)}

    def _me(self, path: str, rest: list[str], query: dict[str, str]) -> Thing:
        match rest:
            case []:
                return {"id": USER, "display_name": "A listener", "type": "user"}
            case ["player", "recently-played"]:
                after = int(query.get("after", 0))
                plays = [play for play in self.catalog.plays if _milliseconds(play) > after][:50]
                cursors = {"after": str(_milliseconds(plays[0])), "before": "0"} if plays else None
                return {"items": plays, "next": None, "cursors": cursors, "limit": 50}
            case ["top", what]:
                return self._page(path, query, self.top[what], most=50)
            case ["tracks" | "albums" as what]:
                saved = [{"added_at": "2026-03-04T05:06:07Z", what[:-1]: thing} for thing in self.saved[what]]
                return self._page(path, query, saved, most=50)
            case ["playlists"]:
                shown = [
                    playlist
                    for id_, playlist in self.catalog.playlists.items()
                    if playlist["owner"]["id"] == USER or id_ in self.follows
                ]
                return self._page(path, query, shown, most=50)
            case ["following"]:
                ids = [artist["id"] for artist in self.followed]
                start = ids.index(query["after"]) + 1 if "after" in query else 0
                some = self.followed[start : start + int(query["limit"])]
                last = some[-1]["id"] if start + len(some) < len(ids) else None
                return {"artists": {"items": some, "cursors": {"after": last}, "total": len(ids)}}
        raise HttpError(404, "Service not found")

    def _reccobeats(self, query: dict[str, str]) -> Thing:
        ids = query["ids"].split(",")
        if len(ids) > 40:
            raise HttpError(400, "too many ids")
        known = [i for i in ids if i in self.reccobeats_knows]
        content = [
            {**self.catalog.features[i], "id": f"own-{i}", "href": f"https://open.spotify.com/track/{i}"} for i in known
        ]
        return {"content": content}

    def write(self, method: str, path: str, body: Thing, user: str | None) -> Thing:
        """Make a playlist, or set the entries of one, for a user whose consent says that he may be written for."""
        if user is None:
            raise HttpError(403, "Insufficient client scope")
        match method, path.removeprefix("/v1/").strip("/").split("/"):
            case "POST", ["me", "playlists"]:
                made = self.catalog.add_playlist(len(self.catalog.playlists) + 500, [])
                self.catalog.playlists[made] |= {name: body[name] for name in ("name", "description", "public")}
                return self.catalog.playlists[made]
            case "PUT", ["playlists", playlist]:
                if self._known_playlist(playlist)["owner"]["id"] != user:
                    raise HttpError(403, "Forbidden")
                self.catalog.playlists[playlist] |= body
                return {}
            case "PUT", ["playlists", playlist, "items" | "tracks" as route]:
                if (route == "items") != self.has_items_route:
                    raise HttpError(404, "Service not found")
                if self._known_playlist(playlist)["owner"]["id"] != user:
                    raise HttpError(403, "Forbidden")
                if len(body["uris"]) > 100:
                    raise HttpError(400, "Too many uris requested")
                ids = [uri.removeprefix("spotify:track:") for uri in body["uris"]]
                self.catalog.entries[playlist] = [
                    {"added_at": "2026-01-02T03:04:05Z", "thing": self.catalog.tracks[track]} for track in ids
                ]
                return {"snapshot_id": "snapshot-2"}
        raise HttpError(404, "Service not found")

    def token(self, form: dict[str, str]) -> Thing:
        """Hand out a token, or a refusal; `grants` keeps what was asked."""
        self.grants.append(form)
        kind = form.get("grant_type")
        if (kind == "authorization_code" and form.get("code") not in self.challenges) or (
            kind == "refresh_token" and form.get("refresh_token") not in self.consents
        ):
            raise HttpError(400, "invalid_grant")
        self._issued += 1
        token = f"token-number-{self._issued}"
        self.tokens[token] = "" if kind == "client_credentials" else USER
        answer: Thing = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if kind != "client_credentials":
            consent = f"consent-number-{self._issued}"
            self.consents.add(consent)
            answer |= {"refresh_token": consent}
        return answer

    def authorize(self, query: dict[str, str]) -> str:
        """Consent at once; return where the browser is sent."""
        code = f"code-number-{len(self.challenges) + 1}"
        self.challenges[code] = query.get("code_challenge")
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def fault_for(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and re.search(fault.path, path):
                if fault.after:
                    fault.after -= 1
                else:
                    fault.times -= 1
                    return fault
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            lock = threading.Lock()

            def do_GET(self) -> None:
                split = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
                if split.path == "/authorize":
                    self._send(302, {}, {"Location": fake.authorize(query)})
                    return
                asked = Asked(split.path, query)
                fake.before(asked)
                with self.lock:
                    fake.asked.append(asked)
                    fault = fake.fault_for(split.path)
                if fault is not None:
                    self._fault(fault)
                    return
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                if not split.path.startswith("/reccobeats") and token not in fake.tokens:
                    self._send(401, {"error": {"status": 401, "message": "The access token expired"}})
                    return
                try:
                    self._send(200, fake.answer(split.path, query, fake.tokens.get(token) or None))
                except HttpError as error:
                    self._send(error.status, error.body)

            def do_PUT(self) -> None:
                self._write("PUT")

            def do_POST(self) -> None:
                if self.path.startswith("/v1/"):
                    self._write("POST")
                    return
                form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                fault = fake.fault_for(self.path)
                if fault is not None:
                    self._fault(fault)
                    return
                try:
                    self._send(200, fake.token({name: values[0] for name, values in form.items()}))
                except HttpError as error:
                    self._send(error.status, {"error": str(error), "error_description": "refused"})

            def _write(self, method: str) -> None:
                path = urlsplit(self.path).path
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                fake.asked.append(Asked(f"{method} {path}", {}))
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                fault = fake.fault_for(path)
                if fault is not None and not fault.is_lost_answer:
                    self._fault(fault)
                    return
                if token not in fake.tokens:
                    self._send(401, {"error": {"status": 401, "message": "The access token expired"}})
                    return
                try:
                    answer = fake.write(method, path, body, fake.tokens.get(token) or None)
                except HttpError as error:
                    self._send(error.status, error.body)
                    return
                if fault is not None:
                    self._fault(fault)
                else:
                    self._send(201 if method == "POST" else 200, answer)

            def _fault(self, fault: Fault) -> None:
                time.sleep(fault.delay)
                body = {"error": {"status": fault.status, "message": "a fault"}} if fault.body is None else fault.body
                self._send(fault.status, body, fault.headers)

            def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler


def _milliseconds(play: Thing) -> int:
    return int(datetime.fromisoformat(play["played_at"]).timestamp() * 1000)
