"""Files that the stream has read: moved aside, each once, by one mover."""
