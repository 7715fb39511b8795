"""How Quimbi is spoken to over HTTP: its key, and its ways to say that it does not know a customer."""

import re
from collections.abc import Iterator, Mapping

from providers.http import LARGEST_REPLY, HttpClient
from providers.ports import Clock

__all__ = ["LARGEST_REPLY", "QuimbiClient"]

_CUSTOMER_NOT_FOUND = re.compile(r"\s*customer\b.{0,300}\bnot found", re.IGNORECASE | re.DOTALL)


class QuimbiClient:
    """Thread-safe."""

    def __init__(self, base_url: str, api_key: str, clock: Clock, *, pool_size: int) -> None:
        self._base_url = base_url
        self._http = HttpClient(
            "Quimbi",
            base_url,
            clock,
            credentials={"X-API-Key": api_key},
            pool_size=pool_size,
            unknown_customer=_names_no_customer,
        )

    def __repr__(self) -> str:
        return f"QuimbiClient({self._base_url!r})"

    def post(self, path: str, body: bytes, timeout_s: float) -> Mapping[str, object]:
        """As `HttpClient.post`."""
        return self._http.post(path, body, timeout_s)

    def close(self) -> None:
        self._http.close()


def _names_no_customer(body: object) -> bool:
    """Of a 404, in either dialect."""
    return any(
        text == "CUSTOMER_NOT_FOUND" or _CUSTOMER_NOT_FOUND.match(text) for text in _explanations(body)
    )


def _explanations(body: object, depth: int = 4) -> Iterator[str]:
    """Every code and message of an error, in whichever shape it comes."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict) and depth:
        for name in ("error", "code", "message", "detail"):
            yield from _explanations(body.get(name), depth - 1)
