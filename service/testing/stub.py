"""The stub as a test speaks to it."""

from collections.abc import Mapping
from typing import Any

from providers.interface import IntelligenceProvider
from providers.models import Capability
from providers.ports import Clock, ProviderHost
from providers.registry import Registry
from providers.stub.provider import StubProvider
from providers.stub.record import Asked
from providers.stub.script import Script
from providers.stub.script_file import parse_rule
from providers.stub.settings import StubSettings


class ScriptedStub:
    """Answers as usual until it is told otherwise; what it is told last goes first.

    Without a `capability` every one is meant. `customer` is the desk's or the stub's id, `*` in it any run of
    characters. `times` is how often it holds, else until `reset`. What the file of a script could not say
    either is a `providers.stub.script_file.ScriptFault`.
    """

    def __init__(self, clock: Clock) -> None:
        self._script = Script()
        self.provider = StubProvider(StubSettings(), clock, self)

    def answers(
        self,
        capability: Capability | str,
        changes: Mapping[str, Any],
        *,
        customer: str | None = None,
        times: int | None = None,
        delay_s: float = 0.0,
    ) -> None:
        """The usual answer with `changes`: objects are merged into it, lists replaced."""
        self._tell(capability=capability, answer=changes, customer=customer, times=times, delay_s=delay_s)

    def fails(
        self,
        fault: str,
        *,
        capability: Capability | str | None = None,
        customer: str | None = None,
        times: int | None = None,
        delay_s: float = 0.0,
        retry_after_s: float | None = None,
    ) -> None:
        """`fault` is a reason such as `timeout`, or the name of a class in `providers.errors`."""
        failure = {"error": fault} | ({} if retry_after_s is None else {"retry_after_s": retry_after_s})
        self._tell(capability=capability, fault=failure, customer=customer, times=times, delay_s=delay_s)

    def waits(
        self,
        seconds: float,
        *,
        capability: Capability | str | None = None,
        customer: str | None = None,
        times: int | None = None,
    ) -> None:
        """It answers as usual, that much later; past the deadline it is a timeout. The wait is real."""
        self._tell(capability=capability, delay_s=seconds, customer=customer, times=times)

    def reset(self) -> None:
        """As it was at first, with nothing asked."""
        self._script.clear()
        self.provider.forget()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The last thousand questions, oldest first, with all that the desk told beside them."""
        return self.provider.asked

    def calls(self, capability: Capability | str | None = None, *, customer: str | None = None) -> int:
        """How often it was asked, by the desk's id of the customer."""
        return sum(
            capability in {None, asked.capability} and customer in {None, asked.request.customer.id}
            for asked in self.asked
        )

    def current(self) -> Script:
        """For the provider: it reads this as it would a file."""
        return self._script

    def _tell(self, **rule: Any) -> None:
        self._script.put_first(parse_rule(rule))


class WithStubInHand(Registry):
    """Every provider as installed, but for the stub, which is this one."""

    def __init__(self, stub: StubProvider) -> None:
        super().__init__()
        self._stub = stub

    def lookup(self, name: str) -> type[IntelligenceProvider]:
        stub = self._stub
        if name != stub.name:
            return super().lookup(name)

        class InHand(StubProvider):
            @classmethod
            def from_host(cls, host: ProviderHost) -> Any:
                return stub

        return InHand
