"""The packages that Spotify sends (account data, extended streaming history, technical log): what is read of them.

An allow-list: histories, playlists and the library are read, whatever they were copied to. Every other file of a
package may be personal, also one that did not exist yet when this was written, and is never opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_Path = tuple[str, ...]

EXTENDED_HISTORY = re.compile(r"(?i)^(streaming_history_(audio|video|audiobook)(_.*)?|end(song|video)(_\d+)?)\.json$")
ACCOUNT_HISTORY = re.compile(r"(?i)^streaminghistory(_(music|podcast|audiobook|video))?_?\d*\.json$")
PLAYLISTS = re.compile(r"(?i)^playlist\d*\.json$")
LIBRARY = re.compile(r"(?i)^yourlibrary\d*\.json$")

_FOLDER = re.compile(r"(?i)^spotify[ _-]+(account[ _-]data|extended[ _-]streaming|technical[ _-]log)")
# By one of these a folder is known as a package; `playlist.json` alone may be anybody's.
_TELLING = (EXTENDED_HISTORY, ACCOUNT_HISTORY, LIBRARY, re.compile(r"(?i)^(playlist\d+|userdata|identifiers)\.json$"))
# Files of a package that are left out even where they are found or named alone.
_LEFT_OUT = re.compile(
    r"(?i)^(userdata|identity|identifiers|payments?|searchqueries|inferences|follow|familyplan|duonewfamily|marquee|"
    r"useraddress|userattributes|userprompts|userfestivals.*|yoursoundcapsule|wrapped\d*|carthing|voiceinput|"
    r"messagedata|podcastinteractivity.*|databuyers?|banners|purchases?|family.*|agentgateway|tasteprofile|"
    r"adsidentity.*|playlistcreated|playlistinabottle|customerservice.*)\d*\.json$"
)
# What systems and browsers add to the name of a copy: `(1)`, ` - Copy`, ` - Kopie (2)`, ` copy 2`, ` (another copy)`.
_COPIED = re.compile(
    r"(?:\s*\([^()]{1,20}\)|\s+[-\u2013]\s+[^\W\d_]{3,12}|\s+cop(?:y|ie|ia)(?:\s+\d{1,3})?|\s+\d{1,3})$", re.I
)


def original_name(name: str) -> str:
    """The name of a file without what marks it as a copy."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return name
    while (cut := _COPIED.search(stem)) is not None and cut.start():
        stem = stem[: cut.start()]
    return stem + dot + ending


def is_read(name: str) -> bool:
    """Whether a file of a package is read, by its name."""
    original = original_name(name)
    return any(pattern.search(original) for pattern in (EXTENDED_HISTORY, ACCOUNT_HISTORY, PLAYLISTS, LIBRARY))


def is_left_out(name: str) -> bool:
    """Whether this is a file of a package that is never opened, wherever it is."""
    return _LEFT_OUT.search(original_name(name)) is not None


def unread_of(paths: Sequence[_Path], *, is_archive: bool) -> set[_Path]:
    """Those of some files that are never opened, because they lie in a package and nothing is known to be read of them.

    A package is an archive that holds a file known by its name; else the folder of such a file, a folder with a
    package's name, and a folder of Spotify's beside them.
    """
    homes = {path[:-1] for path in paths if _is_telling(path[-1])}
    beside = {home[:-1] for home in homes if home}

    def is_in_package(path: _Path) -> bool:
        home = path[:-1]
        if is_archive and homes:
            return True
        is_sibling = bool(home) and home[:-1] in beside and "spotify" in home[-1].lower()
        return home in homes or any(map(_FOLDER.search, home)) or (is_sibling and path[-1].lower().endswith(".json"))

    return {path for path in paths if is_left_out(path[-1]) or (is_in_package(path) and not is_read(path[-1]))}


def _is_telling(name: str) -> bool:
    original = original_name(name)
    return any(pattern.search(original) for pattern in _TELLING)
