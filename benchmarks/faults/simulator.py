"""The Quimbi simulator in a process of its own, driven by its control over HTTP."""

from dataclasses import dataclass
from typing import Any

import requests

ANSWERS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Simulator:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def inject(self, fault: str, *, endpoint: str | None = None, **parameters: Any) -> None:
        """Besides the faults that stand."""
        self._control("POST", "/faults", {"fault": fault, "endpoint": endpoint, "parameters": parameters})

    def clear_faults(self) -> None:
        self._control("DELETE", "/faults")

    def reset(self) -> None:
        """No fault stands, and no call was made."""
        self._control("POST", "/reset")

    def calls(self, endpoint: str = "total", *, customer_id: str | None = None) -> int:
        told: int = self._control("GET", "", params={"customer_id": customer_id})["calls"][endpoint]
        return told

    @property
    def in_flight(self) -> int:
        told: int = self._control("GET", "")["in_flight"]
        return told

    def _control(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        url = f"{self.url}/_simulator{path}"
        answer = requests.request(method, url, json=body, timeout=ANSWERS_WITHIN_S, **options)
        answer.raise_for_status()
        return answer.json()
