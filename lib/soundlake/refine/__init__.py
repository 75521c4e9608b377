"""The streaming query from bronze to silver: Spark carries the core, and writes what it returns.

`query` is the query, `batch` one batch of it, judged on the driver (`driver`) or by the workers (`cluster`). What is
known of keys comes from the stamp index (`known`, `index`, `segments`). `apply` merges changes between batches. How
records are decoded and judged is in `core`.
"""
