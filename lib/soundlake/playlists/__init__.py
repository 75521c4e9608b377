"""Curated playlists on their way out of the lake: as files, and as playlists of a Spotify user."""
