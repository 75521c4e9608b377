"""Cells of CSV files that a spreadsheet shows and never runs.

Names come from strangers, and Excel, LibreOffice and Google Sheets take a cell that begins with one of a few signs
for a formula. OWASP's remedy: a single quote before it. A sign alone is a name, of an album too, and no formula.
"""

from __future__ import annotations

import re

FORMULA = r"(?s)\A([=+\-@\t\r\n＝＋－＠].)"  # the wide signs count in East Asian locales
QUOTED = r"'\1"


def plain(text: str) -> str:
    """A text as a cell that stays a text."""
    return re.sub(FORMULA, QUOTED, text)
