import pytest

from providers.quimbi.provider import QuimbiProvider
from providers.testing.contract import Breakage, RemoteProviderContract
from providers.testing.fakes import make_host
from providers.testing.quimbi_simulator.faults import Fault
from providers.testing.quimbi_simulator.simulator import QuimbiSimulator

KEY = "qpk_test_simulator_contract"

INJECTED = {
    Breakage.HANG: (Fault.HANG, {}),
    Breakage.DRIP: (Fault.DRIPPING_BODY, {"interval_s": 0.02}),
    Breakage.DRIP_HEADERS: (Fault.DRIPPING_HEADER, {"interval_s": 0.02}),
    Breakage.CUT: (Fault.CUT, {}),
    Breakage.SERVER_ERROR: (Fault.SERVER_ERROR_HTML, {}),
    Breakage.KEY_REFUSED: (Fault.FORBIDDEN, {}),
    Breakage.RATE_LIMITED: (Fault.RATE_LIMITED, {"retry_after_s": 7}),
    Breakage.REQUEST_REFUSED: (Fault.UNPROCESSABLE, {}),
    Breakage.REDIRECT: (Fault.REDIRECT, {}),
    Breakage.TRUNCATED: (Fault.TRUNCATED_JSON, {}),
    Breakage.GARBAGE: (Fault.GARBAGE, {}),
    Breakage.EMPTY_BODY: (Fault.EMPTY_BODY, {}),
    Breakage.NOT_A_NUMBER: (Fault.NAN, {}),
    Breakage.HUGE: (Fault.HUGE_BODY, {}),
    Breakage.OTHER_CUSTOMER: (Fault.OTHER_CUSTOMER, {}),
    Breakage.EMPTY_TEXT: (Fault.EMPTY_MESSAGE, {}),
}


class Quimbi(RemoteProviderContract):
    dialect: str

    @pytest.fixture(scope="class")
    @classmethod
    def running_simulator(cls):
        with QuimbiSimulator(dialect=cls.dialect, api_key=KEY) as simulator:
            yield simulator

    @pytest.fixture
    def simulator(self, running_simulator):
        yield running_simulator
        running_simulator.reset()

    @pytest.fixture
    def provider(self, clock, simulator):
        environment = {"QUIMBI_BASE_URL": simulator.url, "QUIMBI_API_KEY": KEY, "QUIMBI_CURRENCY": "EUR"}
        provider = QuimbiProvider.from_host(make_host(clock=clock, environment=environment))
        yield provider
        provider.close()

    @pytest.fixture
    def secrets(self):
        return (KEY,)

    @pytest.fixture
    def break_upstream(self, simulator):
        def break_it(breakage: Breakage) -> None:
            fault, parameters = INJECTED[breakage]
            simulator.inject(fault, **parameters)

        return break_it


class TestDocumentedQuimbi(Quimbi):
    dialect = "documented"


class TestDeployedQuimbi(Quimbi):
    dialect = "deployed"
