"""Clusters: groups of tracks by how they sound. Features, training, labels, names, publishing and scoring."""
