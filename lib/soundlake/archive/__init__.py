"""`soundlake archive-processed`: moves files that the stream has read out of source.files.path.

`run` does it, `committed` reads the checkpoint of ingest, `local_files` and `bucket_files` move files here and on S3.
Reading the files is in `sources`.
"""
