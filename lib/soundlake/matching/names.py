"""Titles and artists as they are compared: what is spelling falls away, what tells recordings apart is kept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_APOSTROPHES = re.compile("['`\u00b4\u02bc\u2018\u2019]")
_ACCENTS = re.compile("(?<=[a-z])[\u0300-\u036f]+")  # of Latin letters: in other scripts marks make other letters
_NO_WORD = re.compile(r"[\W_]+")
_SPACE = re.compile(r"\s+")
_GROUP = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]")
_GUESTS = re.compile(r"^(?:feat|ft|featuring|with)\b\.?\s*(.+)")
_GUESTS_AT_END = re.compile(r"(?<=\s)(?:feat|ft|featuring)\b\.?\s+(.+)$")
_BETWEEN_ARTISTS = re.compile(r"\s*[,;/&+、×]\s*|\s+(?:and|x|with|vs|feat|ft|featuring)\b\.?\s+")
# Words of another edition of the same recording; beside these there may be years, `version` and `the` …
_EDITION = re.compile(
    r"remaster(?:ed|izado|ise)?|digital(?:ly)?|mono|stereo|single|album|original|bonus|track|deluxe|edition|anniversary"
    r"|explicit|clean|リマスター|リマスタリング|重制|리마스터"
)
_BESIDE_EDITION = re.compile(r"\d{2,4}|version|the")
# … and of another recording.
_RECORDING = re.compile(
    r"\b(?:live|(?:re)?mix|edit|acoustic|demo|instrumental|karaoke|cover|unplugged|sessions?|version|ver|reprise|extended"
    r"|dub|orchestral|sped|slowed|nightcore|rework|bootleg|flip|radio|rehearsal|outtake|vivo|acustico|acoustique)\b"
    r"|ライ[ブヴ]|リミックス|カラオケ|インスト|现场|現場|伴奏|라이브|리믹스"
)


@dataclass(frozen=True)
class Title:
    """A title in its parts.

    Attributes:
        song: The words of the song.
        recording: What tells this recording from others of the song, such as `live at wembley`; else empty.
        edition: What tells this edition of the recording from others, such as `2011 remaster`.
        guests: The guests that the title names.
    """

    song: str
    recording: str = ""
    edition: str = ""
    guests: frozenset[str] = frozenset()


def plain(text: str) -> str:
    """A name as names are compared: without case, punctuation, accents of Latin letters, widths and kinds of signs."""
    folded = _folded(text)
    return _words(folded) or folded


@lru_cache(65_536)
def title_of(text: str) -> Title:
    """Take a title apart. What stands in brackets or behind a dash and tells no recording is part of the song."""
    folded = _folded(text)
    parts: dict[str, list[str]] = {"recording": [], "edition": [], "guests": []}
    rest = folded
    for group in _GROUP.findall(folded):
        if (kind := _kind(group.strip())) is not None:
            parts[kind].append(group)
            rest = rest.replace(group, "", 1)
    while True:
        head, dash, tail = rest.rstrip(" ()[]【】").rpartition(" - ")
        kind = _kind(tail.strip()) if dash else None
        if kind is None:
            break
        parts[kind].append(tail)
        rest = head
    if (at_end := _GUESTS_AT_END.search(rest)) is not None:
        parts["guests"].append(at_end[1])
        rest = rest[: at_end.start()]
    song = _words(rest)
    if not song:  # all of it looks like something beside a song, or is signs
        return Title(_words(folded) or folded)
    recording, edition = (" ".join(sorted(map(_words, parts[name]))) for name in ("recording", "edition"))
    guests = [_GUESTS.sub(r"\1", guest.strip()) for guest in parts["guests"]]
    return Title(song, recording, edition, frozenset(artist for guest in guests for artist in artists_of(guest)))


@lru_cache(65_536)
def artists_of(credit: str) -> tuple[str, ...]:
    """The artists that a credit may name: `A, B & C` may be three, or one that is called so (`plain` of the whole)."""
    return tuple(name for part in _BETWEEN_ARTISTS.split(_folded(credit)) if (name := plain(part)))


def plain_isrc(text: str | None) -> str | None:
    """An ISRC without hyphens, in capitals; None where the text is none."""
    code = re.sub(r"[\s-]", "", text or "").upper()
    return code if re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", code) else None


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    text = _APOSTROPHES.sub("'", _DASHES.sub("-", unicodedata.normalize("NFC", text)))
    return _SPACE.sub(" ", text).strip()


def _words(folded: str) -> str:
    return _NO_WORD.sub(" ", folded.replace("'", "").replace("&", " and ")).strip()


def _kind(part: str) -> str | None:
    """What a part of a title tells: its guests, edition or recording; None where it is part of the song."""
    if _GUESTS.match(part):
        return "guests"
    words = _words(part)
    others = [word for word in words.split() if not _BESIDE_EDITION.fullmatch(word)]
    if others and all(map(_EDITION.fullmatch, others)):
        return "edition"
    return "recording" if _RECORDING.search(words) else None
