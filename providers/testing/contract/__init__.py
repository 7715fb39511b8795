"""What every provider promises, as tests. Subclass one class and give it one fixture:

    from providers.testing.contract import ProviderContract

    class TestOurProvider(ProviderContract):
        @pytest.fixture
        def provider(self, clock):
            return OurProvider.from_host(make_host(clock=clock))

A provider of something remote subclasses `RemoteProviderContract`, which also wants `break_upstream`.
Importing this package needs pytest.
"""

import pytest

pytest.register_assert_rewrite(
    "providers.testing.contract.asking",
    "providers.testing.contract.facts",
    "providers.testing.contract.identity",
    "providers.testing.contract.texts",
    "providers.testing.contract.trouble",
    "providers.testing.contract.upstream",
)

from providers.testing.contract.facts import FactsContract  # noqa: E402  # after the rewriting of its asserts
from providers.testing.contract.identity import IdentityContract  # noqa: E402
from providers.testing.contract.questions import WallClock  # noqa: E402
from providers.testing.contract.texts import TextsContract  # noqa: E402
from providers.testing.contract.trouble import TroubleContract  # noqa: E402
from providers.testing.contract.upstream import Breakage, RemoteContract  # noqa: E402

__all__ = ["Breakage", "ProviderContract", "RemoteProviderContract", "WallClock"]


class ProviderContract(IdentityContract, FactsContract, TextsContract, TroubleContract):
    """For every provider. Override `known_customer` where yours knows other people."""


class RemoteProviderContract(ProviderContract, RemoteContract):
    """For a provider that asks something which can fail."""
