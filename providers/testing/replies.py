"""What goes back over the wire, before anything is done to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Self

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False

    @classmethod
    def of(cls, status: int, content: Any, headers: Mapping[str, str] | None = None) -> Self:
        """`content` as JSON; NaN goes out as the bare word, as Python servers send it."""
        return cls(status=status, body=to_json(content), headers=headers or {})

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def adding(self, headers: Mapping[str, str]) -> "Reply":
        return replace(self, headers={**self.headers, **headers})

    def head(self, *, keep_alive: bool) -> bytes:
        reason = HTTPStatus(self.status).phrase
        length = {"Transfer-Encoding": "chunked"} if self.chunked else {"Content-Length": str(len(self.body))}
        fields = {
            "Content-Type": self.content_type,
            **length,
            "Connection": "keep-alive" if keep_alive else "close",
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def payload(self) -> bytes:
        if not self.chunked:
            return self.body
        pieces = (self.body[at : at + CHUNK_BYTES] for at in range(0, len(self.body), CHUNK_BYTES))
        return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def to_json(content: Any) -> bytes:
    return json.dumps(content, default=_number).encode()


def _number(amount: object) -> float:
    if isinstance(amount, Decimal):
        return float(amount)
    raise TypeError(f"{type(amount).__name__} is not JSON")
