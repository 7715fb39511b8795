"""Where a list goes on whose lines have no room for a cursor."""

from typing import Any
from urllib.parse import urlencode

from flask import request

from service.http.pagination import Listing

NEXT_PAGE = {
    "Link": {
        "description": "where there are more lines: the same request with the cursor of the next ones",
        "schema": {
            "type": "string",
            "example": '</api/analytics/customers/churn?format=csv&cursor=WyJFVVIiXQ>; rel="next"',
        },
    }
}


def next_page(listing: Listing[Any]) -> dict[str, str]:
    """The header `Link` (RFC 8288) of the request at hand; none on the last page."""
    cursor = listing.pagination.next_cursor
    if cursor is None:
        return {}
    asked = urlencode({**request.args.to_dict(), "cursor": cursor})
    return {"Link": f'<{request.path}?{asked}>; rel="next"'}
