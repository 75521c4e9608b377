"""The radar chart: a polygon for each group over the features."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from soundlake.dashboard import charts
from soundlake.dashboard.colours import GREY

_LABEL = 145  # width of the names in the legend
_SIDE = 350  # a square that fits a phone


def radar(frame: pd.DataFrame, spokes: Sequence[str], group: str, known: Sequence[str] = ()) -> charts.Chart:
    """A polygon for each row over spokes; values lie between 0 (the middle) and 1 (the rim)."""
    angles = np.linspace(0, 2 * np.pi, len(spokes), endpoint=False)
    names = frame[group].tolist()
    corners = [
        {"group": row[group], "step": i, "spoke": spokes[i % len(spokes)], "value": float(row[spokes[i % len(spokes)]])}
        for row in frame.to_dict("records")
        for i in range(len(spokes) + 1)
    ]
    points = pd.DataFrame(corners)
    turn = angles[points["step"] % len(spokes)]
    points["x"], points["y"] = points["value"] * np.sin(turn), points["value"] * np.cos(turn)
    rim = pd.DataFrame({"spoke": list(spokes), "x": 1.22 * np.sin(angles), "y": 1.12 * np.cos(angles)})
    rings = pd.DataFrame(
        [
            {"ring": level, "step": i, "x": level * np.sin(angle), "y": level * np.cos(angle)}
            for level in (0.25, 0.5, 0.75, 1.0)
            for i, angle in enumerate([*angles, angles[0]])
        ]
    )
    scale = alt.Scale(domain=[-1.5, 1.5], nice=False)
    x, y = alt.X("x:Q", axis=None, scale=scale), alt.Y("y:Q", axis=None, scale=scale)
    grid = (
        alt.Chart(rings)
        .mark_line(color=GREY, opacity=0.35, strokeWidth=1)
        .encode(x=x, y=y, detail="ring:N", order="step:Q")
    )
    labels = alt.Chart(rim).mark_text(fontSize=11).encode(x=x, y=y, text="spoke:N")
    colour = charts.colours("group", names, {"group": "Cluster"}, _LABEL, known)
    shown = alt.Chart(points).encode(x=x, y=y, color=colour)
    tooltip = [alt.Tooltip("group:N", title="Cluster"), alt.Tooltip("spoke:N"), alt.Tooltip("value:Q", format=".2f")]
    return alt.layer(
        grid,
        labels,
        shown.mark_line(strokeWidth=2.5).encode(order="step:Q", detail="group:N"),
        shown.mark_point(filled=True, size=50).encode(
            shape=charts.shapes("group", names, _LABEL, known),
            tooltip=tooltip,
        ),
    ).properties(width=_SIDE, height=_SIDE + 32 * ((len(names) + 1) // 2))
