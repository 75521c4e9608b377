"""The colours of charts and pages, after Okabe and Ito's, which colour-blind people can tell apart.

Some are darker or lighter than theirs, so that each has a contrast of 3 at least on white and on dark.
"""

from __future__ import annotations

BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY = "#0072B2", "#BF8400", "#009E73", "#C46B9C", "#2A97D4", "#D55E00", "#7F7F7F"
PALETTE = (BLUE, ORANGE, GREEN, RED, PINK, SKY, GREY, "#998600", "#7B61D9", "#9C6B3C")
