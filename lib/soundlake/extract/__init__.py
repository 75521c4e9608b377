"""The crawl of Spotify's API: who is asked for (stages), how fast (manners), what is remembered (state), by the clock.

Files are read in `imports`; records go out through `publishers`.
"""
