"""`ETag` and `If-Match`: a version that a caller has read, and changes nothing but."""

import re
from typing import Any

from marshmallow import Schema, fields
from werkzeug.http import parse_etags

VERSION = re.compile(r"[0-9]{1,9}", re.ASCII)


class Versions(fields.Field[frozenset[int] | None]):
    """Those that the header names; None for `*`. A tag that is no version of ours matches none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> frozenset[int] | None:
        tags = parse_etags(value)
        if tags.star_tag:
            return None
        return frozenset(int(tag) for tag in tags.as_set() if VERSION.fullmatch(tag))


class IfMatchSchema(Schema):
    expected = Versions(
        data_key="If-Match",
        load_default=None,
        metadata={
            "type": "string",
            "example": '"3"',
            "description": "the ETag that was read; refused with 412 where it has changed since",
        },
    )


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}
