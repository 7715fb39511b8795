"""One parser of requests: strict JSON, bounded, with 4xx that say what to mend."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import flask_smorest
import msgspec
from flask import Request
from flask_smorest.utils import resolve_schema_instance, unpack_tuple_response
from marshmallow import EXCLUDE, RAISE
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug import Response

from service.http.problems import Problem
from service.http.rendering import as_json

MOST_FIELDS = 1_000


class RequestParser(FlaskParser):
    """Unknown body fields are refused, unknown query parameters ignored."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  # webargs declares it of the instance
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": RAISE,
        "query": EXCLUDE,
    }

    def load_json(self, req: Request, schema: Any) -> Any:
        raw = req.get_data(cache=True)
        if not raw:
            return missing
        if not req.is_json:
            raise Problem(415, "The body must be JSON, sent with Content-Type: application/json.")
        try:
            body = msgspec.json.decode(raw)
        except UnicodeDecodeError:
            raise Problem(400, "The body is not valid UTF-8, which JSON must be in.") from None
        except msgspec.DecodeError as error:
            raise Problem(400, f"The body is not valid JSON: {error}.") from None
        except RecursionError:
            raise Problem(
                400, "The body is nested too deeply; no field here needs more than a few levels."
            ) from None
        if isinstance(body, dict) and len(body) > MOST_FIELDS:  # each unknown one costs its own message
            told = f"Has {len(body):,} fields; no address takes more than a few dozen."
            raise Problem(422, f"body: {told}", errors={"body": [told]})
        return body


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = RequestParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """One schema for all requests: of a class the library makes one for each."""
        return super().arguments(resolve_schema_instance(schema), **options)

    def response(self, status_code: int, schema: Any = None, **documentation: Any) -> Any:
        """Documents as the library does, and answers without what it keeps for its own ETags."""
        document = super().response(status_code, schema, **documentation)
        dumps = resolve_schema_instance(schema)

        def decorated(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(document(view))
            def told(*args: Any, **kwargs: Any) -> Any:
                answer, status, headers = unpack_tuple_response(view(*args, **kwargs))
                if isinstance(answer, Response):
                    return answer, status, headers
                body = answer if dumps is None else dumps.dump(answer)
                return as_json(body, status or status_code, headers)

            return told

        return decorated
