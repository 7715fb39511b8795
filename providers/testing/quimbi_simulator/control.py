"""The simulator's own endpoints, by which another process drives it."""

from dataclasses import asdict
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

from marshmallow import Schema, ValidationError, fields, validate

from providers.testing.quimbi_simulator.application import parse_body
from providers.testing.quimbi_simulator.dialect import DialectName, Endpoint
from providers.testing.quimbi_simulator.faults import Fault
from providers.testing.quimbi_simulator.profiles import CustomerProfile
from providers.testing.replies import Reply
from providers.testing.wire import Request

CONTROL_PATH = "/_simulator"
CUSTOMERS_PATH = f"{CONTROL_PATH}/customers/"


class Controlled(Protocol):
    dialect: DialectName

    @property
    def in_flight(self) -> int: ...

    @property
    def max_parallel(self) -> int: ...

    def inject(
        self,
        fault: Fault | str,
        *,
        endpoint: Endpoint | str | None = None,
        customer_id: str | None = None,
        times: int | None = None,
        **parameters: Any,
    ) -> None: ...

    def clear_faults(self) -> None: ...

    def reset(self) -> None: ...

    def faults(self) -> list[dict[str, Any]]: ...

    def calls(self, endpoint: Endpoint | str | None = None, *, customer_id: str | None = None) -> int: ...

    def customer(self, customer_id: str) -> CustomerProfile: ...


class FaultRequest(Schema):
    fault = fields.String(required=True, validate=validate.OneOf(list(Fault)))
    endpoint = fields.String(allow_none=True, validate=validate.OneOf(list(Endpoint)))
    customer_id = fields.String(allow_none=True)
    times = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1))
    parameters = fields.Dict(keys=fields.String())


class Control:
    def __init__(self, simulator: Controlled) -> None:
        self._simulator = simulator

    def answer(self, request: Request) -> Reply:
        match request.method, request.path:
            case "GET", "/_simulator":
                return Reply.of(200, self._state(request.query))
            case "GET", path if path.startswith(CUSTOMERS_PATH):
                return self._customer(unquote(path.removeprefix(CUSTOMERS_PATH)))
            case "POST", "/_simulator/faults":
                return self._inject(parse_body(request.raw))
            case "DELETE", "/_simulator/faults":
                self._simulator.clear_faults()
            case "POST", "/_simulator/reset":
                self._simulator.reset()
            case _:
                return Reply.of(404, {"error": "The simulator has no such control; see --help"})
        return Reply.of(200, self._state())

    def _state(self, query: str = "") -> dict[str, Any]:
        customer_id = parse_qs(query).get("customer_id", [None])[0]
        calls = self._simulator.calls
        return {
            "dialect": self._simulator.dialect,
            "calls": {"total": calls(customer_id=customer_id)}
            | {endpoint.value: calls(endpoint, customer_id=customer_id) for endpoint in Endpoint},
            "in_flight": self._simulator.in_flight,
            "max_parallel": self._simulator.max_parallel,
            "faults": self._simulator.faults(),
        }

    def _inject(self, body: Any) -> Reply:
        try:
            wanted = FaultRequest().load(body or {})
            parameters = wanted.pop("parameters", {})
            self._simulator.inject(**wanted, **parameters)
        except ValidationError as invalid:
            return Reply.of(422, {"error": invalid.messages})
        except (TypeError, ValueError) as invalid:
            return Reply.of(422, {"error": str(invalid)})
        return Reply.of(201, self._state())

    def _customer(self, customer_id: str) -> Reply:
        try:
            return Reply.of(200, asdict(self._simulator.customer(customer_id)))
        except KeyError:
            return Reply.of(404, {"error": "The simulator knows no such customer"})
