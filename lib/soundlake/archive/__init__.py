"""Files that the stream has read are moved aside, each once, by one process: `soundlake move-read`.

`mover` is the way of it, `committed` says which files are read for good, `local_files` and `bucket_files` move.
"""
