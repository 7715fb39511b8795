"""Every alert rule, tried against recorded series, and held to the figures and pages that there are."""

import re
from typing import Any

import promql_parser
import pytest
import yaml

from docs.reference import slug
from tests.deploy.rules import ALERTS, LABEL, Rule, read_rules, seconds
from tests.deploy.series import recorded
from tests.pages import DOCS, ROOT

RECORDED = ALERTS.parents[1] / "tests" / "deploy" / "alerts.test.yml"
RULES = read_rules()
SUITE = yaml.safe_load(RECORDED.read_text(encoding="utf-8"))
CHECKS = [(case, check) for case in SUITE["tests"] for check in case["alert_rule_test"]]
SEVERITIES = {"warning", "critical"}

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.alert)


@pytest.mark.parametrize(
    ("case", "check"), CHECKS, ids=[f"{case['name']} @{check['eval_time']}" for case, check in CHECKS]
)
def test_an_alert_fires_when_it_should_and_not_otherwise(case: Any, check: Any) -> None:
    interval_s = seconds(case["interval"])
    series = [recorded(line["series"], line["values"], interval_s) for line in case["input_series"]]
    firing = RULES[check["alertname"]].firing(
        series, seconds(check["eval_time"]), seconds(SUITE["evaluation_interval"])
    )
    assert firing == check["exp_alerts"]


@every_rule
def test_each_rule_is_seen_firing_and_seen_quiet(rule: Rule) -> None:
    outcomes = {bool(check["exp_alerts"]) for _, check in CHECKS if check["alertname"] == rule.alert}
    assert outcomes == {True, False}


@every_rule
def test_each_alert_tells_how_bad_it_is_what_is_wrong_and_where_to_read_on(rule: Rule) -> None:
    assert rule.labels["severity"] in SEVERITIES
    assert rule.annotations["summary"].endswith(".")
    page, _, anchor = rule.annotations["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {slug(heading) for heading in headings}


@every_rule
def test_the_runbook_says_of_each_alert_what_to_look_at_and_what_to_do(rule: Rule) -> None:
    runbook = (DOCS / "runbook.md").read_text(encoding="utf-8")
    section = runbook.partition(f"\n### {rule.alert}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    for part in ("**It means**", "**Callers see**", "**Look at**", "**Do**"):
        assert part in section, part


@every_rule
def test_a_summary_names_only_labels_that_the_expression_leaves(rule: Rule) -> None:
    named = set(LABEL.findall(" ".join(rule.annotations.values())))
    checks = [check for _, check in CHECKS if check["alertname"] == rule.alert]
    assert all(named <= set(alert["exp_labels"]) for check in checks for alert in check["exp_alerts"])


@every_rule
def test_every_expression_is_promql(rule: Rule) -> None:
    assert promql_parser.parse(rule.expression).prettify()
