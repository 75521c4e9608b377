"""Curated playlists, exported as files or published as playlists of a Spotify user. They are chosen in `recommend`."""
