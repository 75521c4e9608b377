"""Records from files: account exports, known data sets, and any table through a mapping file."""
