"""Getting data in: records of the contract, from wherever a user has them, to files, Kafka or Kinesis."""
