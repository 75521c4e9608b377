"""Which track was heard, by the code of its recording, else by names; where several may be meant, none is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from soundlake.matching.names import Title, artists_of, plain, plain_isrc, title_of

_SAME_LENGTH_MS = 2_000  # releases of one recording differ by silence at most


@dataclass(frozen=True)
class PlayedTrack:
    """What a play says of its track."""

    track_name: str | None
    artist_name: str | None
    album_name: str | None = None
    isrc: str | None = None

    @cached_property
    def title(self) -> Title | None:
        """The title in its parts."""
        return None if self.track_name is None else title_of(self.track_name)


@dataclass(frozen=True)
class Track:
    """A track that may have been heard; the first of its artists has the id."""

    track_id: str
    track_name: str
    artist_names: tuple[str, ...]
    artist_id: str | None = None
    album_name: str | None = None
    isrc: str | None = None
    duration_ms: int | None = None

    @cached_property
    def title(self) -> Title:
        """The title in its parts."""
        return title_of(self.track_name)

    @cached_property
    def artists(self) -> tuple[str, ...]:
        """The artists as names are compared."""
        return tuple(map(plain, self.artist_names))


@dataclass(frozen=True)
class Way:
    """How a track was found, and how sure it is: 0 to 1. The numbers order the ways, they are no measured shares."""

    method: str
    confidence: float


BY_ISRC = Way("isrc", 0.98)  # the same recording, whatever the release
BY_NAMES = Way("names", 0.9)  # artist, title, recording and edition are the same
BY_SIMILAR_NAMES = Way("similar names", 0.7)  # one says guests or an edition that the other does not say


@dataclass(frozen=True)
class Match:
    """The track that was heard."""

    track_id: str
    way: Way


class Wanted:
    """What may make a track one that was heard, so that most of a catalogue can be left aside."""

    def __init__(self, heard: Iterable[PlayedTrack]) -> None:
        heard = list(heard)
        self._songs = {one.title.song for one in heard if one.title is not None}
        self._codes = {code for one in heard if (code := plain_isrc(one.isrc)) is not None}

    def has(self, track_name: str | None, isrc: str | None) -> bool:
        """Whether a track of this title and code may be wanted."""
        return (track_name is not None and title_of(track_name).song in self._songs) or (
            isrc is not None and plain_isrc(isrc) in self._codes
        )


class TrackMatcher:
    """Tracks, by the codes of their recordings and by artist and song."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        self._by_code: dict[str, list[Track]] = defaultdict(list)
        self._by_names: dict[tuple[str, str], list[Track]] = defaultdict(list)
        for track in tracks:
            if (code := plain_isrc(track.isrc)) is not None:
                self._by_code[code].append(track)
            for artist in dict.fromkeys(track.artists):
                self._by_names[artist, track.title.song].append(track)

    def match(self, heard: PlayedTrack) -> Match | None:
        """The track that was heard; None where none is known, or where it may be one of several."""
        code = plain_isrc(heard.isrc)
        # A code that stands with other names is taken for a mistake.
        of_code = [track for track in self._by_code.get(code or "", ()) if _may_be(heard, track)]
        if of_code:
            return Match(_of_album(heard, of_code)[0].track_id, BY_ISRC)
        found = self._named(heard)
        for way in (BY_NAMES, BY_SIMILAR_NAMES):
            tracks = _of_album(heard, [track for track, by in found if by is way])
            if tracks:
                return Match(tracks[0].track_id, way) if _are_one_recording(tracks) else None
        return None

    def _named(self, heard: PlayedTrack) -> list[tuple[Track, Way]]:
        """The tracks of these names that may be meant, each with how sure it is."""
        if heard.title is None or heard.artist_name is None or not heard.title.song:
            return []
        whole, parts = plain(heard.artist_name), artists_of(heard.artist_name)
        if found := self._by_names.get((whole, heard.title.song)):
            pairs = [(track, track.artists[0] == whole) for track in found]
        else:
            found = self._by_names.get((parts[0], heard.title.song), []) if len(parts) > 1 else []
            named = [track for track in found if set(parts) <= set(track.artists)]
            pairs = [(track, set(parts) == set(track.artists)) for track in named]
        return [
            (track, BY_NAMES if is_same and sure else BY_SIMILAR_NAMES)
            for track, sure in pairs
            if (is_same := _is_same(heard.title, track)) is not None
        ]


def _is_same(heard: Title, track: Track) -> bool | None:
    """Whether two titles of one song mean the same: True, False where they may; None where they do not."""
    title = track.title
    if heard.recording != title.recording:
        return None
    guests_known = title.guests | set(track.artists[1:])
    if heard.guests and title.guests and not heard.guests <= guests_known:
        return None
    guests_agree = heard.guests == title.guests or (bool(heard.guests) and heard.guests <= guests_known)
    return guests_agree and heard.edition == title.edition


def _may_be(heard: PlayedTrack, track: Track) -> bool:
    """Whether names do not say that it is something else: one of title and artist has to agree, where they are said."""
    if heard.title is None or heard.artist_name is None:
        return True
    artists = {plain(heard.artist_name), *artists_of(heard.artist_name)}
    return heard.title.song == track.title.song or not artists.isdisjoint(track.artists)


def _of_album(heard: PlayedTrack, tracks: Sequence[Track]) -> list[Track]:
    """The tracks on the album that was said, all where none is on it; by id."""
    album = None if heard.album_name is None else title_of(heard.album_name).song
    on_it = [track for track in tracks if track.album_name is not None and title_of(track.album_name).song == album]
    return sorted(on_it or tracks, key=lambda track: track.track_id)


def _are_one_recording(tracks: Sequence[Track]) -> bool:
    """Whether some tracks of the same names are releases of one recording: by one artist, one code or one length."""
    if len(tracks) == 1:
        return True
    if len({track.artist_id for track in tracks}) > 1:
        return False
    codes = {plain_isrc(track.isrc) for track in tracks}
    lengths = [track.duration_ms for track in tracks if track.duration_ms is not None]
    if len(codes) == 1 and None not in codes:
        return True
    return len(lengths) == len(tracks) and max(lengths) - min(lengths) <= _SAME_LENGTH_MS
