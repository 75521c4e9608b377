"""Imports: account exports, known data sets, and any table or JSON file through a mapping, as records of the contract.

What Spotify's API answers when Soundlake asks it is in `extract`; where records go is in `publishers`.
"""
