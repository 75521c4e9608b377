"""The publishers: files, Kafka, Kinesis."""
