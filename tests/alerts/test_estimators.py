"""The table of truth: the page says what promtool says, and the rules are as right as the page claims."""

import re

import pytest

from tests.alerts.loading import PAGES, promtools, script

estimators = script("estimators")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.rules
def test_the_rules_are_right_and_the_page_says_so() -> None:
    for promtool in promtools():
        rows = estimators.measured(promtool)
        assert len(rows) >= 8
        for shape, told in rows:
            if not shape.spent:
                assert told["runway"] is None
                assert shape.named or told["spend"] == 0
                continue
            assert told["runway"] == pytest.approx(shape.left / shape.spent, rel=0.05 if not shape.named else 0.06)
            assert shape.named or told["spend"] == pytest.approx(shape.spent, rel=0.05)
        made, stands = estimators.page(rows), (PAGES / "estimators.md").read_text("utf-8")
        assert NUMBER.sub("0", made) == NUMBER.sub("0", stands), "run python alerts/estimators.py"
        numbers = [float(number) for number in NUMBER.findall(made)]
        # Prometheus 3 leaves out one of the edges that Prometheus 2 counts.
        assert numbers == pytest.approx([float(number) for number in NUMBER.findall(stands)], rel=0.02, abs=10)
