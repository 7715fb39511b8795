from pathlib import Path

import pytest

from providers.fallback.provider import FallbackProvider
from providers.stub.provider import StubProvider
from providers.testing.contract import Breakage, ProviderContract, RemoteProviderContract
from providers.testing.fakes import make_host


class TestFallback(ProviderContract):
    @pytest.fixture
    def provider(self, clock):
        return FallbackProvider.from_host(make_host(clock=clock))


class TestStub(ProviderContract):
    @pytest.fixture
    def provider(self, clock):
        return StubProvider.from_host(make_host(clock=clock))


SCRIPTED = {
    Breakage.HANG: '{"delay_s": 60}',
    Breakage.DRIP: '{"delay_s": 60}',
    Breakage.DRIP_HEADERS: '{"delay_s": 60}',
    Breakage.CUT: '{"fault": "Unreachable"}',
    Breakage.SERVER_ERROR: '{"fault": "UpstreamError"}',
    Breakage.KEY_REFUSED: '{"fault": "AccessRefused"}',
    Breakage.RATE_LIMITED: '{"fault": {"error": "RateLimited", "retry_after_s": 7}}',
    Breakage.REQUEST_REFUSED: '{"fault": "RequestRefused"}',
}


class TestStubPlayingARemoteProvider(RemoteProviderContract):
    @pytest.fixture
    def script(self, tmp_path) -> Path:
        path = tmp_path / "script.json"
        path.write_text('{"rules": []}')
        return path

    @pytest.fixture
    def provider(self, clock, script):
        return StubProvider.from_host(make_host(clock=clock, environment={"STUB_SCRIPT": str(script)}))

    @pytest.fixture
    def break_upstream(self, script):
        def break_it(breakage: Breakage) -> None:
            rule = SCRIPTED.get(breakage, '{"fault": "InvalidAnswer"}')
            script.write_text(f'{{"rules": [{rule}]}}')

        return break_it
