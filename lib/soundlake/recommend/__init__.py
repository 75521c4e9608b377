"""Recommendations: what listeners like, which tracks sound alike, lists for each user, and how good they are."""
