"""The packages that Spotify sends (account data, extended streaming history, technical log): what is read of them.

An allow-list: histories, playlists and the library are read, whatever they were copied to. Every other file of a
package may be personal, also one that did not exist yet when this was written, and is never opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_Path = tuple[str, ...]

EXTENDED_HISTORY = re.compile(
    r"(?i)^(streaming_history_(audio|video|audiobook)([_-].*)?|end(song|video)[\d_-]*)\.json$"
)
ACCOUNT_HISTORY = re.compile(r"(?i)^streaminghistory(_(music|podcast|audiobook|video))?[\d_-]*\.json$")
PLAYLISTS = re.compile(r"(?i)^playlist[\d_-]*\.json$")
LIBRARY = re.compile(r"(?i)^yourlibrary[\d_-]*\.json$")

_FOLDER = re.compile(r"(?i)^spotify[ _-]+(account[ _-]data|extended[ _-]streaming|technical[ _-]log)")
# By one of these a folder is known as a package; `playlist.json` alone may be anybody's.
_TELLING = (EXTENDED_HISTORY, ACCOUNT_HISTORY, LIBRARY, re.compile(r"(?i)^(playlist\d+|userdata|identifiers)\.json$"))
# Files of a package that are left out even where they are found or named alone.
_LEFT_OUT = re.compile(
    r"(?i)^(userdata|identity|identifiers|payments?|searchqueries|inferences|follow|familyplan|duonewfamily|marquee|"
    r"useraddress|userattributes|userprompts|userfestivals.*|yoursoundcapsule|wrapped\d*|carthing|voiceinput|"
    r"messagedata|podcastinteractivity.*|databuyers?|banners|purchases?|family.*|agentgateway|tasteprofile|"
    r"adsidentity.*|playlistcreated|playlistinabottle|customerservice.*)[\d._-]*\.json(\.\w{2,3})?$"
)
# What systems and browsers add to the name of a copy: `(1)`, ` - Copy`, ` - Kopie (2)`, ` copy 2`, ` (another copy)`,
# `Copy of `, `Kopie von `.
_COPIED = re.compile(
    r"(?:\s*\([^()]{1,20}\)|\s+[-\u2013]\s+[^\W\d_]{2,12}|[\s_-]+cop(?:y|ie|ia)(?:[\s_-]+\d{1,3})?|\s+\d{1,3}"
    r"|(?:\s*の)?コピー|的?副本)$",
    re.IGNORECASE,
)
_LONGEST_NAME = 255  # no disk has longer ones, but an archive may
_COPY_OF = re.compile(r"^(?:[ck][oó]p(?:y|i|ia|ie)|копия)\s+(?:[^\W\d_]{2,3}\s+)?(?=\S)", re.IGNORECASE)


def original_name(name: str) -> str:
    """The name of a file without what marks it as a copy."""
    name = name[:_LONGEST_NAME]
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return name
    before = ""
    while before != stem:
        before = stem
        stem = _COPY_OF.sub("", stem)
        if (cut := _COPIED.search(stem)) is not None and cut.start():
            stem = stem[: cut.start()]
    return stem + dot + ending


def is_read(name: str) -> bool:
    """Whether a file of a package is read, by its name."""
    original = original_name(name)
    return any(pattern.search(original) for pattern in (EXTENDED_HISTORY, ACCOUNT_HISTORY, PLAYLISTS, LIBRARY))


def is_left_out(name: str) -> bool:
    """Whether this is a file of a package that is never opened, wherever it is."""
    return _LEFT_OUT.search(original_name(name)) is not None


class Packages:
    """Where packages lie among some files: which of the files belong to one, and which are never opened.

    A package is an archive that holds a file known by its name; else the folder of such a file, a folder with a
    package's name, and the JSON files of folders within or of Spotify's beside them.

    Args:
        paths: All files of a folder or an archive.
        is_archive: Whether they are those of an archive.
        within: Whether that archive lies in a package itself.
    """

    def __init__(self, paths: Sequence[_Path], *, is_archive: bool, within: bool = False) -> None:
        self._homes = {path[:-1] for path in paths if _is_telling(path[-1])}
        self._beside = {home[:-1] for home in self._homes if home}
        self._is_all = within or (is_archive and bool(self._homes))

    def holds(self, path: _Path) -> bool:
        """Whether a file or an archive belongs to a package."""
        home = path[:-1]
        if self._is_all or home in self._homes or any(map(_FOLDER.search, home)):
            return True
        is_within = any(home[:end] in self._homes for end in range(len(home)))
        is_sibling = bool(home) and home[:-1] in self._beside and "spotify" in home[-1].lower()
        return (is_within or is_sibling) and path[-1].lower().endswith(".json")

    def hides(self, path: _Path) -> bool:
        """Whether a file is never opened: it belongs to a package, and nothing is known to be read of it."""
        return is_left_out(path[-1]) or (self.holds(path) and not is_read(path[-1]))


def _is_telling(name: str) -> bool:
    original = original_name(name)
    return any(pattern.search(original) for pattern in _TELLING)
