import json
import os

import pytest

from providers.deadline import Deadline
from providers.models import AnalysisRequest, CustomerRef
from providers.stub.provider import StubProvider
from providers.testing.fakes import make_host


class ScriptFixture:
    """A script that QA edits while the stub runs; every writing is a change that the stub can see."""

    def __init__(self, path):
        self.path = path
        self._writings = 0

    def write(self, text):
        self._writings += 1
        self.path.write_text(text, encoding="utf-8")
        os.utime(self.path, (self._writings, self._writings))

    def rules(self, *rules):
        self.write(json.dumps({"rules": rules}))


@pytest.fixture
def script(tmp_path):
    script = ScriptFixture(tmp_path / "script.json")
    script.rules()
    return script


@pytest.fixture
def stub(clock, script):
    return StubProvider.from_host(make_host(clock=clock, environment={"STUB_SCRIPT": str(script.path)}))


@pytest.fixture
def deadline(clock):
    return Deadline.after(10, clock)


@pytest.fixture
def analyze(stub, deadline):
    return lambda customer_id="cust_123": stub.analyze(AnalysisRequest(CustomerRef(customer_id)), deadline)
