"""Imports: account exports, known data sets, and any table or JSON file through a mapping, as records of the contract.

Not here: `extract` reads Spotify's API itself, `publishers` sends the records.
"""
