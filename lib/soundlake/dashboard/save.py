"""Paper and pictures: how a page prints, and a picture to save."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote

import streamlit as st

_HIDDEN = "header, .stSidebar, .stDownloadButton, .stExpander, .st-key-filters, .st-key-unfold, .st-key-save"
_UNROLLED = "html, body, #root, .stApp, .stApp > *, .stMain, .stAppViewContainer"


def print_style() -> None:
    """Draw the CSS of a page on paper: no menus and filters, nothing that scrolls, no chart cut in two."""
    st.html(
        f"<style>@media print {{{_HIDDEN} {{display: none !important}}"
        f"{_UNROLLED} {{position: static !important; height: auto !important; overflow: visible !important}}"
        ".stMainBlockContainer {padding: 0 !important}"
        ".stVegaLiteChart, .stMetric, .stImage {break-inside: avoid} h2, h3 {break-after: avoid}"
        "@page {margin: 15mm}}</style>"
    )


def save_buttons(svg: str, name: str) -> None:
    """Show a picture, with buttons that save it as SVG and PNG; the viewer's browser makes the PNG, with its fonts."""
    st.image(svg, width=540, alt="This year as a picture to save")
    with st.container(horizontal=True, key="save"):
        st.download_button(
            "Download SVG", svg, f"{name}.svg", "image/svg+xml", icon=":material/download:", on_click="ignore"
        )
        # In base64, for Streamlit drops a script that has tags in it.
        told = json.dumps({"svg": b64encode(svg.encode()).decode(), "file": f"{quote(name)}.png"})
        st.html(_BUTTON.replace("TOLD", told), width="content", unsafe_allow_javascript=True)


_BUTTON = """
<button id="save-png" style="font: inherit; font-size: .875rem; color: inherit; background: none; cursor: pointer;
 min-height: 2.5rem; padding: .25rem .75rem; border: 1px solid rgba(128, 128, 128, .5); border-radius: .5rem"
>Download PNG</button>
<script>
{
  const told = TOLD;
  document.getElementById("save-png").onclick = () => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d").drawImage(image, 0, 0);
      const link = document.createElement("a");
      link.href = canvas.toDataURL("image/png");
      link.download = decodeURIComponent(told.file);
      link.click();
    };
    image.src = "data:image/svg+xml;base64," + told.svg;
  };
}
</script>
"""
