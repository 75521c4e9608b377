"""Extracting from Spotify's Web API: a resumable crawl that publishes records.

`crawl` holds what is queued and done, `fetchers` read the items of each queue, `rate_limit` makes the requests, `state`
remembers crawls and tokens between runs, `run` puts them together. Importing files is in `imports`, sending records in
`publishers`.
"""
