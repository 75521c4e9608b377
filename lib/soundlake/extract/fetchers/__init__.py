"""Fetchers: each reads the items of one queue, publishes them, and queues what they lead to."""
