"""Operations on a whole lake: lease, start, maintenance, replay, rebuild, gaps, schema evolution and status.

Refining a batch is in `refine`; the programs that call these are in `jobs`.
"""
