"""docs/aws-requests.md names every field that a target is sent, and no other, each with its source."""

from __future__ import annotations

import re

from helpers.requested import fields
from soundlake.launch.aws.launcher import TARGETS
from soundlake.launch.paths import ROOT

ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in (ROOT / "docs" / "aws-requests.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def test_the_page_names_every_field_that_is_sent_and_no_other() -> None:
    named = {field for row in ROWS for field in re.findall(r"`([^`]+)`", row[0])}
    sent = {field for target in TARGETS for field in fields(target)}
    assert named == sent


def test_every_row_says_where_it_is_from_and_when_that_was_seen() -> None:
    for row in ROWS:
        assert re.search(r"\]\(https://|^the same$", row[2]), row
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}|model", row[3]), row
