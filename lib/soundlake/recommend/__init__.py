"""Recommendations: learning factors from likes, similar tracks, ranked lists per user, curated playlists, evaluation.

Clusters of tracks by sound are in `clusters`.
"""
