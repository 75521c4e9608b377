"""What tests and benchmarks share: makers of records and lakes, readers that did not write them, and `services`."""
