"""Soundlake: a streaming lakehouse for Spotify data. docs/glossary.md has its terms."""
