"""`Idempotency-Key`: a POST that creates does so once, however often it is sent.

The key is reserved in a transaction of its own. What the view changes and the answer to it are then one
transaction, which fails where the reservation is another's by now: so a key is answered or nothing was done.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, request

from providers.ports import Clock
from service.database import Database, DatabaseUnavailable, Together
from service.errors import DeskError
from service.http import queries
from service.http.callers import current_caller
from service.http.components import component
from service.http.models import IdempotencyKey
from service.http.problems import Problem, retry_after

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
LONGEST_KEY = 255
KEY = re.compile(rf"[\x20-\x7e]{{1,{LONGEST_KEY}}}")
KEPT_FOR = timedelta(hours=24)
LOCKED_FOR = timedelta(seconds=60)
ASK_AGAIN_AFTER_S = 1
KEPT_HEADERS = ("Content-Type", "Location", "ETag")

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`scope`: caller and route. `request_hash`: of all that makes two requests the same.

    `header`: that brought the key.
    """

    scope: str
    key: str
    request_hash: str
    header: str = HEADER


@dataclass(frozen=True, slots=True)
class Reservation:
    """Whoever takes the key over has a later `until`, so that it also tells whose the key is."""

    asked: Asked
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class KeptAnswers:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    def reserve(self, asked: Asked) -> Reservation | Answer:
        """The answer where there is one. Raises a `Problem` for another request's key, or one in flight."""
        standing = self._standing(asked)
        if standing is None:
            now = self._clock.now()
            reservation = Reservation(asked, now + LOCKED_FOR)
            with self.database.writing() as session:
                if queries.reserve_key(
                    session,
                    asked.scope,
                    asked.key,
                    request_hash=asked.request_hash,
                    now=now,
                    locked_until=reservation.until,
                    expires_at=now + KEPT_FOR,
                ):
                    return reservation
            standing = self._standing(asked)
        if standing is not None and standing.request_hash != asked.request_hash:
            told = "Was sent with another request before; take a new key for a new request."
            raise _refused(told, asked.header)
        if standing is None or standing.status is None:
            raise _in_flight(asked.header)
        return Answer(
            status=standing.status,
            headers=standing.response_headers or {},
            body=standing.response_body or b"",
        )

    def keep(self, reservation: Reservation, answer: Answer, customer_id: str | None) -> None:
        """As a part of `together`, if there is one. Raises a `Problem` where another has the key by now."""
        with self.database.writing() as session:
            if not queries.keep_answer(
                session,
                reservation.asked.scope,
                reservation.asked.key,
                locked_until=reservation.until,
                answer={
                    "status": answer.status,
                    "response_headers": dict(answer.headers),
                    "response_body": answer.body,
                    "customer_id": customer_id,
                },
            ):
                raise _in_flight(reservation.asked.header)

    def free(self, reservation: Reservation) -> None:
        """An answered key stays so. Where the database is away, time frees the key."""
        asked = reservation.asked
        with suppress(DatabaseUnavailable), self.database.writing() as session:
            queries.free_key(session, asked.scope, asked.key, locked_until=reservation.until)

    def _standing(self, asked: Asked) -> IdempotencyKey | None:
        with self.database.reading() as session:
            return queries.standing_key(session, asked.scope, asked.key, self._clock.now())


def idempotent(view: View) -> View:
    """Stands between `arguments` and `response`: what is not well-formed leaves no trace."""
    if "response" not in getattr(view, "_apidoc", {}):
        raise TypeError("idempotent() goes above blueprint.response(), whose answers it keeps")

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Response:
        key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            return cast(Response, view(*args, **kwargs))
        return answered_once(_asked(key), lambda: view(*args, **kwargs))

    once.idempotent = True  # type: ignore[attr-defined]  # read where the document is made
    return cast(View, once)


def answered_once(asked: Asked, view: Callable[[], Response], *, keeps_refusals: bool = True) -> Response:
    """The first answer, however often it is asked. `keeps_refusals`: what was refused once stays so."""
    kept = component(KeptAnswers)
    reservation = kept.reserve(asked)
    if isinstance(reservation, Answer):
        return _replayed(reservation)
    try:
        return _first(kept, reservation, view, keeps_refusals=keeps_refusals)
    except _Passing as passing:
        kept.free(reservation)
        return passing.response
    except BaseException:
        kept.free(reservation)
        raise


def request_hash(*parts: bytes) -> str:
    """Each part with its length, so that no two requests read the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class _Passing(Exception):
    """An answer that is not kept; what was changed for it is undone."""

    def __init__(self, response: Response) -> None:
        super().__init__("not kept")
        self.response = response


def _first(
    kept: KeptAnswers, reservation: Reservation, view: Callable[[], Response], *, keeps_refusals: bool
) -> Response:
    together = Together()
    try:
        with kept.database.together() as together:
            response = view()
            kept.keep(reservation, _lasting(response), together.customer_id)
    except DeskError as refusal:
        if not keeps_refusals:
            raise
        response = current_app.make_response(current_app.handle_user_exception(refusal))
        kept.keep(reservation, _lasting(response), together.customer_id)
    return response


def _lasting(response: Response) -> Answer:
    """Raises `_Passing` for what went wrong on our side, or came too often: it may go well the next time."""
    if response.status_code >= 500 or response.status_code == 429:
        raise _Passing(response)
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(status=response.status_code, headers=headers, body=response.get_data())


def _replayed(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, dict(answer.headers))
    response.headers[REPLAYED_HEADER] = "true"
    return response


def _asked(key: str) -> Asked:
    if not KEY.fullmatch(key):
        raise _refused(f"Must be 1 to {LONGEST_KEY} printable ASCII characters.")
    rule = request.url_rule.rule if request.url_rule else ""
    return Asked(
        scope=f"{current_caller().id} {request.method} {rule}",
        key=key,
        request_hash=hash_of_this_request(),
    )


def hash_of_this_request() -> str:
    return request_hash(
        request.method.encode(), request.path.encode(), request.query_string, request.get_data()
    )


def _refused(message: str, header: str = HEADER) -> Problem:
    return Problem(422, f"{header}: {message}", errors={header: [message]})


def _in_flight(header: str) -> Problem:
    return Problem(
        409,
        f"The first request with this {header} is not answered yet; send it again shortly.",
        headers=retry_after(ASK_AGAIN_AFTER_S),
    )
