"""The core: plain Python on Arrow that decodes, judges and folds records. Imports no Spark, reads and writes nothing.

`decode` makes typed rows of bytes, or says why not; `judge` compares them with what is known of their keys; `fold`
applies the changes of a key to its row. What a kind of record is, says `soundlake.kinds`.
"""
