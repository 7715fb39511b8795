"""A clone of the project with an environment of its own, in which the commands of a page can be run."""

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.pages import ROOT

PARTS = (
    "examples",
    "migrations",
    "providers",
    "service",
    "README.md",
    "pyproject.toml",
    "setup.cfg",
    "wsgi.py",
)
COMMANDS_WITHIN_S = 120
INHERITED = ("HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Clone:
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """As in a new shell after `. .venv/bin/activate`; no index is asked, and any free port is taken."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return inherited | {
            "PATH": f"{self.directory / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PORT": "0",
        }

    def run(self, commands: str, **variables: str) -> str:
        """Standard output of the commands, which all have to succeed."""
        ran = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self.directory,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=COMMANDS_WITHIN_S,
            check=False,
        )
        assert ran.returncode == 0, f"{commands}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def start(self, command: str, log: Path, **variables: str) -> subprocess.Popen[str]:
        """A server; its standard output can be read, the rest goes to `log`."""
        with log.open("wb") as stderr:
            return subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.directory,
                env=self.environment | variables,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )


def make_clone(directory: Path) -> Clone:
    """As after `make check`: the requirements are there, the project itself is not installed."""
    for part in PARTS:
        source, target = ROOT / part, directory / part
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
            )
        else:
            shutil.copy(source, target)
    environment = directory / ".venv"
    venv.create(environment, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    installed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (packages / "requirements.pth").write_text("\n".join(installed))
    flask = environment / "bin" / "flask"
    flask.write_text(f"#!{environment}/bin/python\nfrom flask.cli import main\nmain()\n")
    flask.chmod(0o755)
    return Clone(directory)
