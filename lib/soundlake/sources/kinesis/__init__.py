"""Records from Kinesis: on Spark 4 a data source of Soundlake's own, on Spark 3.5 the platform's connector."""
