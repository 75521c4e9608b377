"""Soundlake: a streaming lakehouse for Spotify data."""
