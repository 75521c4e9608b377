"""Which track a play is of that says names only: how names are compared, and how sure that is. Needs no Spark."""
