"""The lake in the Glue Data Catalog, and queries on it: through Athena, or on a local lake through DuckDB."""
