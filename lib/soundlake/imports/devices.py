"""The family of a device: exports also name its model and version, which are dropped as private."""

from __future__ import annotations

import re
from functools import lru_cache

# In this order: a television runs Android, a web player runs on Windows.
_SIGNS = (
    ("car", r"\bcar|car_?thing|carplay|android_?auto|automotive|tesla|volvo|bmw|polestar"),
    (
        "tv",
        r"tv\b|_tv|\btv|chromecast|roku|bravia|fire_?tv|playstation|\bps[345]\b|xbox|scei|webos|tizen|set_?top|console",
    ),
    (
        "speaker",
        r"speaker|sonos|echo|alexa|amazon|google[ _]?(cast|home|nest)|cast\b|homepod|bose|denon|yamaha|sound|audio|"
        r"avr|receiver|libspotify|librespot|spotify_?connect|onkyo|bluesound|marantz|harman|jbl",
    ),
    ("web", r"web_?player|\bweb\b|browser|chrome|firefox|safari"),
    ("ios", r"\bios\b|iphone|ipad|ipod|watchos"),
    ("android", r"android|wear_?os"),
    ("desktop", r"windows|os_?x\b|\bos x|macos|mac_os|darwin|linux|desktop"),
)
_FAMILY_OF = tuple((family, re.compile(signs, re.IGNORECASE)) for family, signs in _SIGNS)
_LONGEST = 500


@lru_cache(4_096)
def family_of(platform: str) -> str | None:
    """The family of a platform as Spotify names it: `iOS 15.1 (iPhone13,2)` is `ios`; None for what is not known."""
    shown = platform[:_LONGEST]
    return next((family for family, signs in _FAMILY_OF if signs.search(shown)), None)
