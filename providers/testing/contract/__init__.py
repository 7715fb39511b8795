"""What every provider promises, as tests. Subclass one class and give it one fixture:

    from providers.testing.contract import ProviderContract

    class TestOurProvider(ProviderContract):
        @pytest.fixture
        def provider(self, clock):
            return OurProvider.from_host(make_host(clock=clock))

One whose upstream speaks HTTP subclasses `HttpProviderContract`, which brings an upstream that misbehaves:

    class TestOurProvider(HttpProviderContract):
        @pytest.fixture
        def provider(self, clock, upstream):
            upstream.answers("GET /scores/test_customer_high_ltv", {"customer": "test_customer_high_ltv"})
            return OurProvider.from_host(make_host(clock=clock, environment={"OUR_URL": upstream.url}))

One of anything else that can fail subclasses `RemoteProviderContract`, which also wants `break_upstream`.
Importing this package needs pytest, and nothing else that the desk does not need to run.
"""

import pytest

pytest.register_assert_rewrite(
    "providers.testing.contract.asking",
    "providers.testing.contract.facts",
    "providers.testing.contract.identity",
    "providers.testing.contract.over_http",
    "providers.testing.contract.texts",
    "providers.testing.contract.trouble",
    "providers.testing.contract.upstream",
)

from providers.testing.breakage import Breakage  # noqa: E402  # after the rewriting of asserts
from providers.testing.contract.facts import FactsContract  # noqa: E402
from providers.testing.contract.identity import IdentityContract  # noqa: E402
from providers.testing.contract.over_http import HttpContract  # noqa: E402
from providers.testing.contract.questions import WallClock  # noqa: E402
from providers.testing.contract.texts import TextsContract  # noqa: E402
from providers.testing.contract.trouble import TroubleContract  # noqa: E402
from providers.testing.contract.upstream import RemoteContract  # noqa: E402

__all__ = ["Breakage", "HttpProviderContract", "ProviderContract", "RemoteProviderContract", "WallClock"]


class ProviderContract(IdentityContract, FactsContract, TextsContract, TroubleContract):
    """For every provider. Override `known_id` where yours knows other people."""


class RemoteProviderContract(ProviderContract, RemoteContract):
    """For a provider that asks something which can fail."""


class HttpProviderContract(ProviderContract, HttpContract):
    """For a provider that asks something over HTTP."""
