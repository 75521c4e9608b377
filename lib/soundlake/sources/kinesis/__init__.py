"""Records from Kinesis: on Spark 4 by our own data source, on Spark 3.5 by the platform's connector."""
