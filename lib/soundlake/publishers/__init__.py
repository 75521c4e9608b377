"""Publishing records: to files, Kafka or Kinesis behind one protocol, in the envelope of the contract.

Records are made in `extract` (Spotify's API) and `imports` (files).
"""
