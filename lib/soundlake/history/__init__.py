"""A user's own listening history, from the export to every answer that it can give."""
