"""Whatever a plug-in does, what comes out is an answer or a `ProviderError`."""

import structlog

from providers.codec import FACT_TYPES
from providers.deadline import Deadline
from providers.errors import CustomerNotFound, ProviderError, ProviderFault
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import Answer, Provenance, Reason, Source
from providers.ports import Clock
from providers.resilience.wrapping import A, Call, Wrapper

log = structlog.get_logger(__name__)


class Contained(Wrapper):
    """Innermost: a bug becomes a fault, and facts about a customer it does not know an unknown answer."""

    def __init__(self, inner: IntelligenceProvider, *, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock

    def around(self, call: Call[A]) -> A:
        try:
            return call.on(self.inner)
        except CustomerNotFound:
            if call.capability not in FACT_TYPES:
                raise
            return self._unknown(call)
        except ProviderError:
            raise
        except Exception as error:  # the edge to code that is not ours: its bug must not take the desk down
            # The class alone is logged: the message of a foreign error may hold a key or message text.
            log.error(  # noqa: TRY400  (for the same reason no traceback)
                "provider_broke_its_contract",
                service=self.display_name,
                provider=self.name,
                capability=call.capability,
                error=type(error).__qualname__,
            )
            raise ProviderFault(f"{self.name} raised {type(error).__qualname__}") from error

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        try:
            return self.inner.check_health(deadline)
        except ProviderError as error:
            return ProviderHealth.failed(error)
        except Exception as error:  # noqa: BLE001  # as above
            log.error(  # noqa: TRY400
                "provider_broke_its_contract",
                service=self.display_name,
                provider=self.name,
                error=type(error).__qualname__,
            )
            return ProviderHealth(connection=Connection.UNAVAILABLE, reason=ProviderFault.reason)

    def _unknown(self, call: Call[A]) -> A:
        provenance = Provenance(
            provider=self.name,
            source=Source.FRESH,
            as_of=self._clock.now(),
            reason=Reason.UNKNOWN_CUSTOMER,
        )
        make: type[Answer] = FACT_TYPES[call.capability]
        return make(  # type: ignore[return-value, call-arg]  # a capability's arguments are fields of its answer
            provenance=provenance,
            known=False,
            customer_id=call.request.customer.id,
            **call.request.arguments,  # type: ignore[arg-type]  # as above
        )
