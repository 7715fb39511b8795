"""The alert rules, and when they fire over recorded series."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from tests.deploy.promql import Evaluation, Key
from tests.deploy.series import Series
from tests.pages import ROOT

ALERTS = ROOT / "deploy" / "alerts.yml"
LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


@dataclass(frozen=True)
class Rule:
    """`patience_s`: how long its expression has to hold before it fires."""

    alert: str
    expression: str
    patience_s: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def firing(self, series: Sequence[Series], at_s: float, interval_s: float) -> list[dict[str, Any]]:
        """As promtool tells alerts: labels without their name, annotations filled in."""
        since: dict[Key, float] = {}
        moment_s = 0.0
        while moment_s <= at_s:
            holds = Evaluation(series, moment_s).of(self.expression)
            since = {key: since.get(key, moment_s) for key in holds}
            moment_s += interval_s
        newest_s = moment_s - interval_s
        return [
            self._told(dict(key)) for key, start_s in since.items() if newest_s - start_s >= self.patience_s
        ]

    def _told(self, labels: dict[str, str]) -> dict[str, Any]:
        labels.pop("__name__", None)
        return {
            "exp_labels": {**labels, **self.labels},
            "exp_annotations": {
                name: LABEL.sub(lambda found: labels.get(found[1], ""), text)
                for name, text in self.annotations.items()
            },
        }


def read_rules(path: Path = ALERTS) -> dict[str, Rule]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    rules = [
        Rule(
            alert=rule["alert"],
            expression=rule["expr"],
            patience_s=seconds(rule.get("for", "0s")),
            labels=rule["labels"],
            annotations=rule["annotations"],
        )
        for group in groups
        for rule in group["rules"]
    ]
    assert len({rule.alert for rule in rules}) == len(rules)
    return {rule.alert: rule for rule in rules}


def seconds(duration: str) -> float:
    return 0.0 if duration in {"0", "0s"} else promql_parser.parse_duration(duration).total_seconds()
