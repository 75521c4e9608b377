"""From bronze to silver: judge each record, then write what it says."""
