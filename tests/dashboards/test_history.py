"""The rules' twin evaluates each rule once all that it reads is there."""

import pytest

from tests.dashboards.history import DAY, END, Rule, alerts, groups, recorded, stages


def test_every_rule_comes_after_what_it_reads() -> None:
    done: set[str] = set()
    for stage in stages(recorded()):
        for rule in stage:
            read = {other.record for other in recorded() if other.record in rule.expr and other.record != rule.record}
            assert read <= done, rule.record
        done |= {rule.record for rule in stage}
    assert done == {rule.record for rule in recorded()}


def test_a_rule_that_reads_itself_comes_again_with_a_window_of_a_week() -> None:
    rules = [Rule("a:b:c", "x or last_over_time(a:b:c[15m])", {}), Rule("a:b:d", "a:b:c", {})]
    assert [[(rule.record, rule.expr) for rule in stage] for stage in stages(rules)] == [
        [("a:b:c", "x or last_over_time(a:b:c[15m])")],
        [("a:b:c", "x or last_over_time(a:b:c[7d])")],
        [("a:b:d", "a:b:c")],
    ]


def test_rules_that_read_each_other_are_told() -> None:
    with pytest.raises(AssertionError, match="read each other"):
        list(stages([Rule("a:b:c", "a:b:d", {}), Rule("a:b:d", "a:b:c", {})]))


def test_alerts_fire_in_it_after_the_time_that_they_wait() -> None:
    firing, since = alerts()
    assert len(firing) == len(since) == sum("alert" in rule for group in groups() for rule in group["rules"])
    waits = {rule.labels["alertname"]: rule.expr for rule in firing}
    assert "[3600s:300s]) >= 12" in waits["SMSCreditThresholdMissing"]
    assert "[300s:300s]) >= 1" in waits["SMSCreditExhausted"]


def test_the_history_lies_in_one_block() -> None:
    block = 1536 * 3600
    assert END // block == (END - 35 * DAY) // block
