"""The commands of `soundlake extract`. What they run is imported when they run, so that --help is quick."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from soundlake.options import Browser, Config, Consenting, Sets

app = typer.Typer(
    help="Read the Spotify Web API into files, Kafka or Kinesis.", no_args_is_help=True, rich_markup_mode=None
)

To = Annotated[
    str | None, typer.Option("--to", metavar="TARGET", help="files, kafka or kinesis; by default publish.to")
]
Out = Annotated[
    str | None, typer.Option("--out", metavar="PLACE", help="folder or s3://… for files; by default publish.out")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="start again instead of resuming")]
From = Annotated[Path | None, typer.Option("--from", metavar="FILE", help="a file with one id, URI or URL per line")]
With = Annotated[
    str | None, typer.Option("--with", metavar="LIST", help="what else to read: tracks,albums,artists,features or none")
]
Given = Annotated[list[str] | None, typer.Argument(metavar="[ID|URL]...", help="ids, URIs or URLs", show_default=False)]


_READ = {
    "playlists": "Read playlists and what is on them.\n\n"
    "Their entries, tracks, albums and artists; by default, of the playlists in extract.playlists.",
    "tracks": "Read tracks, their albums, artists and audio features.",
    "albums": "Read albums, their tracks and artists.",
    "artists": "Read artists; with --with albums,tracks everything by them.",
}


def _options(
    with_: With = None,
    to: To = None,
    out: Out = None,
    user: Consenting = "default",
    fresh: Fresh = False,
    config: Config = None,
    sets: Sets = None,
) -> None:
    """The options of every crawl."""


def _crawls(command: Callable[..., None]) -> Callable[..., None]:
    """Put the options of every crawl in the place of a command's `**options`, for Typer reads its signature."""
    own, shared = (inspect.signature(one, eval_str=True).parameters for one in (command, _options))
    parameters = [*(own[name] for name in own if name != "options"), *shared.values()]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command


def _add_command(command: str, help_: str) -> None:
    """Add a command that reads what is named by ids."""

    @app.command(command, help=help_)
    @_crawls
    def read(given: Given = None, from_: From = None, **options: Any) -> None:
        _extract(command, given, from_, **options)


for _command, _help in _READ.items():
    _add_command(_command, _help)


@app.command()
@_crawls
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help="each argument is a search; quote several words")
    ],
    types: Annotated[str, typer.Option("--type", metavar="LIST", help="track, artist, album, playlist")] = "track",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="most results of each type")] = 50,
    **options: Any,
) -> None:
    """Search, and read the results."""
    _extract("search", words, types=types, limit=limit, **options)


@app.command()
@_crawls
def me(
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="[PART]...", help="recent, top, saved, followed; all by default")
    ] = None,
    **options: Any,
) -> None:
    """Read your own plays, top lists and library.

    Plays since the last run, top lists, and what you saved and follow; after `login`.
    """
    _extract("me", parts, **options)


@app.command()
def login(user: Consenting = "default", browser: Browser = True, config: Config = None, sets: Sets = None) -> None:
    """Give consent, once, to read `me` and your own playlists."""
    from soundlake.extract import auth
    from soundlake.settings import load_settings

    typer.echo(auth.login(load_settings(config, sets or ()), user, open_browser=browser))


def _extract(
    command: str,
    given: list[str] | None,
    from_: Path | None = None,
    *,
    with_: str | None,
    to: str | None,
    out: str | None,
    user: str,
    fresh: bool,
    config: Path | None,
    sets: list[str] | None,
    types: str = "track",
    limit: int = 50,
) -> None:
    from rich.console import Console

    from soundlake.extract.auth import checked_name
    from soundlake.extract.ids import lines_of
    from soundlake.extract.progress import shown_progress
    from soundlake.extract.request import request_for
    from soundlake.extract.run import run_crawl
    from soundlake.settings import load_settings
    from soundlake.terminal import Terminal

    settings = load_settings(config, sets or ())
    named = [*(given or ()), *(lines_of(from_) if from_ is not None else ())]
    if command == "playlists" and given is None and from_ is None:
        named = list(settings.extract.playlists)
    request = request_for(command, named, with_, types=types, limit=limit)
    with shown_progress(Console(stderr=True)) as on_progress:
        report = run_crawl(
            settings, request, to=to, out=out, user=checked_name(user), fresh=fresh, on_progress=on_progress
        )
    report.print(Terminal())
    if not report.is_well:
        raise typer.Exit(1)
