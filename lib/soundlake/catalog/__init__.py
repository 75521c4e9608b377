"""The lake's tables for analysts: registered in Glue, and queried through Athena or, on a local lake, DuckDB.

`glue` registers, `query` runs a SELECT on either engine, `delta` reads the tables' logs. Insights are in `insights`.
"""
