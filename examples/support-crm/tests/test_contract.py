"""The promises that every provider makes, kept while the CRM answers and while it fails."""

import json
from pathlib import Path

import pytest
from support_crm.provider import CrmProvider

from providers.testing.contract import HttpProviderContract
from providers.testing.fakes import make_host

KEY = "the-key-of-the-crm"
REPLIES = json.loads((Path(__file__).parent.parent / "replies.json").read_text())


class TestCrm(HttpProviderContract):
    known_id = "C-4711"

    @pytest.fixture
    def provider(self, clock, upstream):
        upstream.learns(REPLIES)
        environment = {"CRM_URL": upstream.url, "CRM_API_KEY": KEY}
        provider = CrmProvider.from_host(make_host(clock=clock, environment=environment))
        yield provider
        provider.close()

    @pytest.fixture
    def secrets(self):
        return (KEY,)
