"""One parser of requests: strict JSON, bounded, with 4xx that say what to mend."""

from typing import Any

import flask_smorest
import msgspec
from flask import Request
from marshmallow import EXCLUDE, RAISE
from webargs import missing
from webargs.flaskparser import FlaskParser

from service.http.problems import Problem


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
            return msgspec.json.decode(raw)
        except UnicodeDecodeError:
            raise Problem(400, "The body is not valid UTF-8, which JSON must be in.") from None
        except msgspec.DecodeError as error:
            raise Problem(400, f"The body is not valid JSON: {error}.") from None
        except RecursionError:
            raise Problem(
                400, "The body is nested too deeply; no field here needs more than a few levels."
            ) from None


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = RequestParser()
