"""`wsgi.py` as operators start it, in processes of its own, which can be killed."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 10.0


class RealServer:
    """In a process group of its own. `environment` goes before what is set here."""

    def __init__(self, database_url: str, *, processes: int, **environment: str) -> None:
        self.api_key = secrets.token_urlsafe(24)
        self._processes = processes
        self._environment = {
            "ENVIRONMENT": "test",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": database_url,
            "BOOTSTRAP_API_KEYS": f"tests:desk:{hashlib.sha256(self.api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": "fallback",
            "LOG_LEVEL": "ERROR",
            "LOG_FILE": "",
            "REDIS_URL": "",
        } | environment
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Returns when all of its processes serve."""
        self._process = subprocess.Popen(
            [sys.executable, "wsgi.py", "--port", "0", "--processes", str(self._processes)],
            cwd=ROOT,
            env=os.environ | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip().removeprefix("Ready on ").removesuffix(". Try:")
        assert self.url, "the server did not start"

    def session(self) -> requests.Session:
        session = requests.Session()
        session.headers["X-API-Key"] = self.api_key
        return session

    def get(self, path: str) -> requests.Response:
        """On a connection of its own, so by whichever process the kernel chooses."""
        with self.session() as session:
            return session.get(self.url + path, timeout=PATIENCE_S)

    def new_ticket(self, customer_id: str) -> str:
        new = {"customer_id": customer_id, "subject": "Where is my parcel?"}
        with self.session() as session:
            ticket_id: str = session.post(f"{self.url}/api/tickets", json=new, timeout=PATIENCE_S).json()[
                "id"
            ]
        return ticket_id

    def kill(self) -> None:
        """All of its processes at one moment."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def kill_a_worker(self, choose: Callable[[list[str]], str]) -> None:
        """One of several processes, which its parent replaces."""
        assert self._process is not None
        pid = self._process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(choose(workers)), signal.SIGKILL)
