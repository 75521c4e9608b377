"""The commands of `soundlake extract`. What they run is imported when they run, so that --help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Read the Spotify Web API into files, Kafka or Kinesis.", no_args_is_help=True, rich_markup_mode=None
)

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="settings, TOML")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="one setting, section.key=value")]
To = Annotated[str | None, typer.Option("--to", metavar="TARGET", help="files, kafka or kinesis; else publish.to")]
Out = Annotated[str | None, typer.Option("--out", metavar="PLACE", help="folder or s3://… for files; else publish.out")]
User = Annotated[str, typer.Option("--user", metavar="NAME", help="the user whose consent is used")]
Fresh = Annotated[bool, typer.Option("--fresh", help="start again instead of resuming")]
From = Annotated[Path | None, typer.Option("--from", metavar="FILE", help="a file with one id, URI or URL per line")]
With = Annotated[
    str | None, typer.Option("--with", metavar="LIST", help="what else to read: tracks,albums,artists,features or none")
]
Given = Annotated[list[str] | None, typer.Argument(metavar="[ID|URL]...", help="ids, URIs or URLs", show_default=False)]


_READ = {
    "playlists": "Read playlists (by default extract.playlists), their entries, and the tracks, albums and artists.",
    "tracks": "Read tracks, their albums, artists and audio features.",
    "albums": "Read albums, their tracks and artists.",
    "artists": "Read artists; with --with albums,tracks everything by them.",
}


def _add_command(command: str, help_: str) -> None:
    """Add a command that reads what is named by ids."""

    @app.command(command, help=help_)
    def read(
        given: Given = None,
        from_: From = None,
        with_: With = None,
        to: To = None,
        out: Out = None,
        user: User = "default",
        fresh: Fresh = False,
        config: Config = None,
        sets: Sets = None,
    ) -> None:
        _extract(command, given, from_, with_, to, out, user, fresh, config, sets)


for _command, _help in _READ.items():
    _add_command(_command, _help)


@app.command()
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help="each argument is a search; quote several words")
    ],
    types: Annotated[str, typer.Option("--type", metavar="LIST", help="track, artist, album, playlist")] = "track",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="most results of each type")] = 50,
    with_: With = None,
    to: To = None,
    out: Out = None,
    user: User = "default",
    fresh: Fresh = False,
    config: Config = None,
    sets: Sets = None,
) -> None:
    """Search, and read the results."""
    _extract("search", words, None, with_, to, out, user, fresh, config, sets, types=types, limit=limit)


@app.command()
def me(
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="[PART]...", help="recent, top, saved, followed; all by default")
    ] = None,
    with_: With = None,
    to: To = None,
    out: Out = None,
    user: User = "default",
    fresh: Fresh = False,
    config: Config = None,
    sets: Sets = None,
) -> None:
    """Read your own plays since the last run, your top lists, and what you saved and follow (after `login`)."""
    _extract("me", parts, None, with_, to, out, user, fresh, config, sets)


@app.command()
def login(
    user: User = "default",
    browser: Annotated[bool, typer.Option(help="open a browser here, or show a URL to open elsewhere")] = True,
    config: Config = None,
    sets: Sets = None,
) -> None:
    """Give consent, once, to read `me` and your own playlists."""
    from soundlake.extract import auth
    from soundlake.settings import load_settings

    settings = load_settings(config, sets or ())
    auth.login(settings, user, open_browser=browser)
    typer.echo(f"consent kept in {settings.extract.state}")


def _extract(
    command: str,
    given: list[str] | None,
    from_: Path | None,
    with_: str | None,
    to: str | None,
    out: str | None,
    user: str,
    fresh: bool,
    config: Path | None,
    sets: list[str] | None,
    *,
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

    settings = load_settings(config, sets or ())
    named = [*(given or ()), *(lines_of(from_) if from_ is not None else ())]
    if command == "playlists" and given is None and from_ is None:
        named = list(settings.extract.playlists)
    request = request_for(command, named, with_, types=types, limit=limit)
    with shown_progress(Console(stderr=True)) as on_progress:
        report = run_crawl(
            settings, request, to=to, out=out, user=checked_name(user), fresh=fresh, on_progress=on_progress
        )
    report.print(Console())
    if not report.is_well:
        raise typer.Exit(1)
