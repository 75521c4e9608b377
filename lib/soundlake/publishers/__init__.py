"""Where records go: files, Kafka and Kinesis behind one protocol, and the envelope around each record.

Who makes the records is in `extract` (the API) and `imports` (files).
"""
