"""Requests made from the OpenAPI document, each sent to a running desk and its answer held against it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from service.identifiers import new_id, new_ref
from tests.wire.company import dead_letter
from tests.wire.desk import CLIENT_TIMEOUT_S, Desk

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
FAULTS = (Exception, FailureGroup)
"""What schemathesis finds is no `Exception`."""

JSON = "application/json"
CUSTOMER = "cust_of_samples"
PROVIDER = "stub"
FIELD = "order_number"

HOSTILE_TEXTS = (
    "\x00",
    "a\x00b",
    "\ufffe\uffff",
    "\u202egnirts desrever",
    "\u200b\u200d\ufeff",
    "e\u0301" * 40,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f3f4\U000e0067\U000e007f",
    "\U0001d57f\U0001d58d\U0001d58a",
    "\ufdfa \u0130\u0131\u017f\xdf",
    "' OR 1=1 --",
    '"; DROP TABLE tickets; --',
    "%' ESCAPE '!' _%",
    "$1 %s %(id)s {0} {id} ${jndi:ldap://x}",
    "{{7*7}} <%= 7*7 %>",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "a\r\nSet-Cookie: b=c",
    "NaN",
    "null",
    "-1e309",
    "9" * 40,
    "a AND b OR NOT (c NEAR d) col:e*",
    '"unbalanced',
    "& | ! <-> :* ()",
    "\x01\x1b[31m\x7f",
    "  \t\n ",
    "a " * 400,
    "x" * 4_000,
)
HOSTILE_NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**40, 0.1 + 0.2, -0.0, 5e-324, 1e308)
HOSTILE_SHAPES: tuple[Any, ...] = (None, True, [], {}, [[[]]], {"": {"": None}}, [None] * 60, {"$ne": 1})
HOSTILE = (*HOSTILE_TEXTS, *HOSTILE_NUMBERS, *HOSTILE_SHAPES)
"""What people, broken clients and attackers put into a field; some of it is welcome there."""


@dataclass
class Sampler:
    """`log`: the desk's. `answered`: statuses of each operation that was called, with how many times."""

    desk: Desk
    log: Path
    answered: dict[str, Counter[int]] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Only a status that it names for an operation is a documented one."""
        document: dict[str, Any] = self.desk.get("/openapi.json").json()
        for path in document["paths"].values():
            for method, operation in path.items():
                if method != "parameters":
                    del operation["responses"]["default"]
                    told = operation.get("parameters", [])
                    told[:] = [one for one in told if one.get("name") != "wait_s"]  # who waits takes time
        return document

    def operations(self) -> Iterator[Any]:
        config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
        schema = schemathesis.openapi.from_dict(deepcopy(self.document), config=config)
        for found in schema.get_all_operations():
            yield found.ok()

    @property
    def count(self) -> int:
        return sum(statuses.total() for statuses in self.answered.values())

    def close(self) -> None:
        self._session.close()

    def fault_of(self, operation: Any, examples: int) -> str | None:
        """The first that generated requests find, sound ones and others, to what is there and what is not."""
        names = [parameter.name for parameter in operation.path_parameters]
        for mode in GenerationMode:
            for there in (False, True) if names else (False,):
                try:
                    known = Known(self.desk).of(names) if there else {}
                    cases = operation.as_strategy(generation_mode=mode, path_parameters=known)
                    self._drive(cases, examples, names if there else [])
                except Unsatisfiable:
                    continue  # what takes no input takes no wrong one
                except FAULTS as fault:  # told with those of the other operations
                    return f"{operation.label} ({mode.value}): {_told(fault)}"
        return None

    def fault_of_hostile(self, operation: Any, choose: Callable[[list[Any]], list[Any]]) -> str | None:
        """`choose`: which of the requests with hostile values are sent."""
        names = [parameter.name for parameter in operation.path_parameters]
        told = self.document["paths"][operation.path][operation.method]
        try:
            for hostile in choose(list(_hostile(self.document, operation.method, told))):
                self._send(operation.Case(path_parameters=Known(self.desk).of(names), **hostile))
        except FAULTS as fault:  # told with those of the other operations
            return f"{operation.label}: {_told(fault)}"
        return None

    def _drive(self, cases: st.SearchStrategy[Any], examples: int, known: list[str]) -> None:
        """`known`: names in the path that get an id of what is there, made anew for each request."""

        @settings(
            max_examples=examples,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=cases)
        def drive(case: Any) -> None:
            with self._logged():
                case.path_parameters |= Known(self.desk).of(known)
            self._send(case)

        drive()

    def _send(self, case: Any) -> None:
        with self._logged():
            try:
                answer = case.call(base_url=self.desk.url, session=self._session, timeout=CLIENT_TIMEOUT_S)
                self.answered.setdefault(case.operation.label, Counter())[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)
            except FAULTS as fault:
                fault.add_note(f"Sent: {case.as_curl_command()}")
                raise

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Whatever is wrong in the block is told with what the desk logged meanwhile."""
        logged, began = self.log.stat().st_size, monotonic()
        try:
            yield
        except FAULTS as fault:
            with self.log.open("rb") as lines:
                lines.seek(logged)
                fault.add_note(f"In these {monotonic() - began:.2f} s the desk logged:")
                fault.add_note(lines.read().decode(errors="replace").rstrip() or "nothing")
            raise


@dataclass
class Known:
    """Ids of what is there, by the names that they have in paths."""

    desk: Desk

    def of(self, names: list[str]) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}

    @cached_property
    def ticket_id(self) -> str:
        return self.desk.new_ticket(CUSTOMER)

    @cached_property
    def message_id(self) -> str:
        found: str = self.desk.get(f"/api/tickets/{self.ticket_id}").json()["messages"][0]["id"]
        return found

    @cached_property
    def customer_id(self) -> str:
        self.desk.new_ticket(CUSTOMER)
        return CUSTOMER

    @cached_property
    def key(self) -> str:
        """Of a custom field."""
        self.desk.post("/api/ticket-fields", {"key": FIELD, "label": "Order number", "type": "text"})
        return FIELD

    @cached_property
    def key_id(self) -> str:
        made = self.desk.post("/api/admin/keys", {"name": token_hex(8), "scopes": ["desk"]})
        found: str = made.json()["key"]["id"]
        return found

    @cached_property
    def delivery_id(self) -> str:
        return dead_letter(self.desk)

    @cached_property
    def source_id(self) -> str:
        """Of an inbound webhook."""
        made = self.desk.post("/api/admin/inbound-webhooks", {"name": new_id("shop")})
        found: str = made.json()["webhook"]["id"]
        return found

    @cached_property
    def agent_id(self) -> str:
        """Of an admin who is not the last one."""
        self._agent()
        return self._agent()

    @cached_property
    def member_id(self) -> str:
        return self._agent()

    @cached_property
    def team_id(self) -> str:
        made = self.desk.post("/api/teams", {"name": new_id("team")})
        found: str = made.json()["team"]["id"]
        return found

    def _agent(self) -> str:
        body = {"email": f"{new_ref()}@desk.example", "name": "Kim", "role": "admin"}
        found: str = self.desk.post("/api/agents", body).json()["agent"]["id"]
        return found

    @cached_property
    def name(self) -> str:
        """Of a provider; all are switched on."""
        self.desk.post("/api/admin/providers/reset", {"reason": "They may have been switched off."})
        return PROVIDER

    @cached_property
    def index(self) -> int:
        """Of a recommended action."""
        self.desk.get(f"/api/ai/tickets/{self.ticket_id}/recommendation")
        return 0


def _told(fault: BaseException) -> str:
    """With what was noted; of a group each one, also what was seen once and not again."""
    lines = [f"{type(fault).__name__}: {fault}", *getattr(fault, "__notes__", ())]
    parts = fault.exceptions if isinstance(fault, BaseExceptionGroup) else ()
    return "\n".join([*lines, *map(_told, parts)])


def _hostile(document: dict[str, Any], method: str, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Requests that are sound but for one hostile value."""
    sound: dict[str, Any] = {}
    if "requestBody" in operation:
        schema = _schema_of(document, operation["requestBody"])
        sound = {"body": _sound_body(method, schema), "media_type": JSON}
        for name in [*schema["properties"], "unheard_of"]:
            yield from (sound | {"body": sound["body"] | {name: value}} for value in HOSTILE)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield from (sound | {"query": {parameter["name"]: value}} for value in map(str, HOSTILE))
        else:
            sent = [value for value in HOSTILE_TEXTS if _can_be_sent(value)]
            yield from (sound | {"headers": {parameter["name"]: value}} for value in sent)


def _schema_of(document: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    name = body["content"][JSON]["schema"]["$ref"].rpartition("/")[2]
    schema: dict[str, Any] = document["components"]["schemas"][name]
    return schema


def _sound_body(method: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What has to be there; where nothing has to, and the call creates something, all that has an example."""
    wanted = schema.get("required", [])
    if not wanted and method.upper() == "POST":
        wanted = [name for name, told in schema["properties"].items() if "example" in told or name == "lines"]
    return {name: _example(schema["properties"][name]) for name in wanted}


def _example(told: dict[str, Any]) -> Any:
    if "example" in told:
        return told["example"]
    return told["enum"][0] if "enum" in told else []


def _can_be_sent(text: str) -> bool:
    """As the value of a header, by our own client."""
    return text.isascii() and text.isprintable() and text == text.strip()
