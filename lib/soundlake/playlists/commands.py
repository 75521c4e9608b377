"""`soundlake playlists`: the words of its commands. What they do is imported when they run, so that --help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from soundlake.options import Browser, Config, Consenting, LakeUri, Sets

if TYPE_CHECKING:
    from soundlake.playlists.reading import Playlist
    from soundlake.settings import Settings

app = typer.Typer(
    help="List, export and publish curated playlists.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="names of playlists", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="all playlists")]


@app.command("list")
def list_(config: Config = None, sets: Sets = None, lake: LakeUri = None) -> None:
    """Show the curated playlists of a lake."""
    from rich.table import Table

    from soundlake.terminal import Terminal

    table = Table("name", "title", "tracks", "rule", box=None)
    for playlist in _read(config, sets, lake)[1]:
        table.add_row(playlist.slug, playlist.name, str(len(playlist.entries)), playlist.rule)
    Terminal().print(table)


@app.command()
def export(
    names: Names = None,
    every: All = False,
    format_: Annotated[Literal["m3u", "csv"], typer.Option("--format", help="m3u or csv")] = "m3u",
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="where the files go")] = Path("playlists"),
    config: Config = None,
    sets: Sets = None,
    lake: LakeUri = None,
) -> None:
    """Write playlists as files, one each."""
    from soundlake.playlists.export import export as write
    from soundlake.playlists.reading import chosen

    for playlist in chosen(_read(config, sets, lake)[1], names or (), every=every):
        typer.echo(f"{write(playlist, format_, out)}: {len(playlist.entries)} tracks")


@app.command()
def publish(
    names: Names = None,
    every: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="publish; without it, only say what would be done")] = False,
    public: Annotated[bool, typer.Option("--public", help="make them public; by default they are private")] = False,
    user: Consenting = "default",
    config: Config = None,
    sets: Sets = None,
    lake: LakeUri = None,
) -> None:
    """Make or update playlists at Spotify.

    For a user who consented (`login`). A playlist that was published before gets its current tracks.
    """
    from soundlake.extract import auth
    from soundlake.extract.credentials import load_credentials
    from soundlake.extract.state import open_state
    from soundlake.playlists.publish import PlaylistPublisher, track_uris
    from soundlake.playlists.reading import chosen

    settings, known = _read(config, sets, lake)
    playlists = chosen(known, names or (), every=every)
    if not yes:
        for playlist in playlists:
            unknown = len(playlist.entries) - len(track_uris(playlist))
            more = f", {unknown} left out, for their ids are none of Spotify's" if unknown else ""
            seen = "public" if public else "private"
            typer.echo(
                f"would publish {playlist.slug}: {playlist.name}, {seen}, {len(track_uris(playlist))} tracks{more}"
            )
        typer.echo("nothing was sent to Spotify; --yes does it")
        return
    credentials = load_credentials(settings)
    with open_state(settings) as state:
        publisher = PlaylistPublisher(settings, credentials, state, auth.checked_name(user))
        for playlist in playlists:
            done = publisher.publish(playlist, public=public)
            typer.echo(f"{'made' if done.is_new else 'updated'} {done.slug}: {done.tracks} tracks, {done.url}")


@app.command()
def login(
    user: Consenting = "default",
    browser: Browser = True,
    config: Config = None,
    sets: Sets = None,
) -> None:
    """Give consent, once, to make and change playlists.

    It is separate from the consent to read (`soundlake extract login`).
    """
    from soundlake.extract import auth
    from soundlake.settings import load_settings

    typer.echo(auth.login(load_settings(config, sets or ()), user, open_browser=browser, consent=auth.PUBLISHING))


def _read(config: Path | None, sets: list[str] | None, lake: str | None) -> tuple[Settings, list[Playlist]]:
    from soundlake.playlists.reading import read_playlists
    from soundlake.settings import load_settings

    settings = load_settings(config, sets or (), lake)
    return settings, read_playlists(settings)
