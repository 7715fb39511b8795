"""A desk that runs: the real application on the real server over real sockets, in this process."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from flask import Flask
from sqlalchemy import create_engine

from service.app import create_app
from service.database import engine_options, upgrade
from service.http.components import component
from service.serving.lanes import Lanes, plan
from service.serving.sockets import listen
from service.serving.worker import Worker
from service.settings import Deployment, Settings
from service.testing.clock import MovableClock
from service.testing.stub import ScriptedStub, WithStubInHand
from service.wiring import Substitutes

STARTS_WITHIN_S = 10
CLIENT_TIMEOUT_S = 30

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """Calls it as a REST client would; every answer is checked to be what the contract allows any to be."""

    url: str
    app: Flask

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = requests.request(
            method, self.url + path, timeout=CLIENT_TIMEOUT_S, allow_redirects=False, **options
        )
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json", answer.text
            assert answer.json()["status"] == answer.status_code
            assert answer.json()["detail"].endswith("."), answer.text
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, **({} if body is None else {"json": body}) | options)

    def patch(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **options)

    def component(self, kind: type[T]) -> T:
        """What the running application is made of, for what no client can do."""
        with self.app.app_context():
            return component(kind)

    def new_ticket(self, customer_id: str = "cust_123", **fields: Any) -> str:
        """Its id; the customer is created with it where the desk has none of that id."""
        body = {
            "customer_id": customer_id,
            "subject": "Where is my parcel?",
            "initial_message": "It is late.",
        }
        created = self.post("/api/tickets", body | fields)
        assert created.status_code == 201, created.text
        ticket_id: str = created.json()["id"]
        return ticket_id


@dataclass(frozen=True)
class SupportDesk(Desk):
    """With its stub and its time in a test's hands."""

    stub: ScriptedStub
    clock: MovableClock


def migrate(url: str) -> None:
    """Brings the database at this normalised URL to the newest schema."""
    engine = create_engine(url, **engine_options(url))
    upgrade(engine)
    engine.dispose()


def _may_have_the_stub(environment: Mapping[str, str]) -> bool:
    deployment = environment.get("ENVIRONMENT", Deployment.DEVELOPMENT)
    return deployment != Deployment.PRODUCTION and "QUIMBI_API_KEY" not in environment


@contextmanager
def running_desk(
    environment: Mapping[str, str], substitutes: Substitutes | None = None, *, timed_work: bool = False
) -> Iterator[Desk]:
    """`environment` on top of a development one, on the stub where it may be and there is no Quimbi key.

    Without `timed_work` no background thread runs.
    """
    settings = Settings.parse(
        {
            "ENVIRONMENT": "development",
            "SECRET_KEY": "s" * 32,
            "LOG_LEVEL": "ERROR",
            "PORT": "0",
        }
        | ({"INTELLIGENCE_PROVIDERS": "stub,fallback"} if _may_have_the_stub(environment) else {})
        | dict(environment)
    )
    app = create_app(settings, substitutes)
    lifecycle = app.extensions["support.lifecycle"]
    if not timed_work:
        del app.extensions["support.lifecycle"]
    (listener,) = listen(settings.host, 0, 1)
    port = listener.getsockname()[1]
    worker = Worker(
        app,
        listener,
        lanes=Lanes(plan(desk_threads=settings.threads, provider_threads=settings.provider_threads)),
        cors_origins=settings.cors_origins,
        drain_timeout_s=2,
    )
    ready = threading.Event()
    thread = threading.Thread(target=worker.run, args=(ready.set,), name="desk")
    thread.start()
    try:
        assert ready.wait(STARTS_WITHIN_S)
        yield Desk(f"http://127.0.0.1:{port}", app)
    finally:
        worker.drain()
        thread.join()
        if not timed_work:
            lifecycle.stop()


@contextmanager
def desk_with_stub(environment: Mapping[str, str]) -> Iterator[SupportDesk]:
    """On `stub,fallback` unless the environment lists others; the stub among them is the test's."""
    clock = MovableClock()
    stub = ScriptedStub(clock)
    substitutes = Substitutes(clock=clock, registry=WithStubInHand(stub.provider))
    with running_desk({"INTELLIGENCE_PROVIDERS": "stub,fallback"} | dict(environment), substitutes) as desk:
        yield SupportDesk(desk.url, desk.app, stub, clock)
