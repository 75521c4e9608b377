"""What docs/cost.md says is what the prices and sizes of today give, and the default set-up is below 500 dollars."""

from __future__ import annotations

import pytest

from bench import cost
from soundlake.launch.paths import ROOT

pytestmark = pytest.mark.heavy


def test_the_page_says_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cost.main()
    assert capsys.readouterr().out.strip() in (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")


def test_the_default_set_up_takes_500_records_a_second_for_less_than_500_dollars_a_month() -> None:
    rest = sum(dollars for _, dollars in cost.rest(500))
    assert cost.compute("EMR Serverless", 500) + rest < 500
