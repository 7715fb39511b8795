"""What QA scripts the stub to do: a JSON file, read anew whenever it changes.

    {"rules": [
      {"customer": "cust_123", "capability": "analyze", "answer": {"predictions": {"churn_risk": 0.9}}},
      {"capability": "draft_reply", "fault": {"error": "RateLimited", "retry_after_s": 7}, "times": 2},
      {"customer": "slow_*", "delay_s": 2.5}
    ]}

The first rule that matches and is not used up decides; without one the stub answers as usual.

customer     the desk's or the stub's own id, `*` for any run of characters; absent: every customer
capability   analyze, predict_churn, forecast_ltv, draft_reply or recommend_actions; absent: every one
answer       the fields to change in the usual answer; needs `capability`. Objects are merged, lists replaced.
             `customer_id` and `provenance` cannot be changed: the stub never speaks for another provider.
fault        the name of a class in `providers.errors`, or a reason such as "timeout"; as an object with
             `error` and `retry_after_s`, too
delay_s      seconds before the answer or fault; where the deadline comes first, the call times out then
times        how often the rule is good for, in one process and until the file changes; absent: for ever
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from providers.errors import ProviderError
from providers.models import Capability, CustomerRef
from providers.stub.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    customer: str | None = None
    capability: Capability | None = None
    answer: Mapping[str, Any] | None = None
    fault: Fault | None = None
    delay_s: float = 0.0
    times: int | None = None

    def matches(self, capability: Capability, *ids: str) -> bool:
        return self.capability in (None, capability) and (
            self.customer is None or any(fnmatchcase(id_, self.customer) for id_ in ids)
        )

    def error(self, capability: Capability) -> ProviderError | None:
        return self.fault.raised_for(capability) if self.fault else None


@dataclass(slots=True)
class Script:
    """Rules in order, and how often each was used."""

    rules: Sequence[Rule] = ()
    _uses: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put_first(self, rule: Rule) -> None:
        """It decides before all that stand here."""
        with self._lock:
            self.rules = (rule, *self.rules)
            self._uses = Counter({position + 1: uses for position, uses in self._uses.items()})

    def clear(self) -> None:
        with self._lock:
            self.rules = ()
            self._uses.clear()

    def take(self, capability: Capability, customer: CustomerRef, external_id: str) -> Rule | None:
        """The rule that decides this call; it counts as used."""
        with self._lock:
            found = self._find(capability, customer.id, external_id)
            if found is None:
                return None
            position, rule = found
            self._uses[position] += 1
            return rule

    def peek(self, capability: Capability, external_id: str) -> Rule | None:
        """The rule that would decide, unused."""
        with self._lock:
            found = self._find(capability, external_id)
            return found[1] if found else None

    def _find(self, capability: Capability, *ids: str) -> tuple[int, Rule] | None:
        return next(
            (
                (position, rule)
                for position, rule in enumerate(self.rules)
                if rule.matches(capability, *ids) and not self._used_up(position, rule)
            ),
            None,
        )

    def _used_up(self, position: int, rule: Rule) -> bool:
        return rule.times is not None and self._uses[position] >= rule.times


class ScriptSource(Protocol):
    def current(self) -> Script:
        """The script that holds for this call."""


class Unscripted:
    def __init__(self) -> None:
        self._nothing = Script()

    def current(self) -> Script:
        return self._nothing
