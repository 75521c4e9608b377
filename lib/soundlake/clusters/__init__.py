"""Clusters of tracks by sound: choosing k, training, labels, names, publishing, scoring, drift.

What is learned about listeners is in `recommend`.
"""
