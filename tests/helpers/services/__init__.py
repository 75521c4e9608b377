"""Real services for tests and benchmarks: each is a context manager that starts its own process and stops it."""
