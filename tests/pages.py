"""The project's own pages, as tests read them: their code, and the calls that they print."""

import json
import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")))

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
CLIENT_TIMEOUT_S = 30


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def calls(self) -> list["Call"]:
        """Its curl commands that say in the line below what comes back: `# 200, this and that`."""
        lines = [*self.text.splitlines(), ""]
        return [
            Call.printed(line, below.removeprefix("# "))
            for line, below in pairwise(lines)
            if line.startswith("curl ") and below.startswith("# ")
        ]


@dataclass(frozen=True)
class Call:
    command: str
    status: int
    told: tuple[str, ...]

    @classmethod
    def printed(cls, command: str, outcome: str) -> "Call":
        status, _, told = outcome.partition(", ")
        return cls(command, int(status), tuple(told.split(" and ")) if told else ())

    def make(self, servers: Mapping[str, str], variables: Mapping[str, str]) -> None:
        """As curl would. `servers`: address as printed → as it runs here."""
        for request in _requests_of(self.command, variables):
            url = request.url
            for printed, real in servers.items():
                url = url.replace(printed, real)
            answer = requests.request(
                request.method, url, headers=request.headers, data=request.body, timeout=CLIENT_TIMEOUT_S
            )
            assert answer.status_code == self.status, f"{self.command}\n{answer.status_code} {answer.text}"
            if self.told:
                answered = _compact(answer)
                for text in self.told:
                    assert text in answered, f"{self.command}\nlacks {text}\n{answered}"


def _compact(answer: requests.Response) -> str:
    """JSON without spaces; what is none as it is."""
    if answer.headers["Content-Type"].startswith("text/"):
        return answer.text
    return json.dumps(answer.json(), separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


def code_in(page: Path) -> list[str]:
    """What stands in its blocks, and between backticks in its text."""
    text = page.read_text(encoding="utf-8")
    return [block.text for block in blocks(page)] + SPAN.findall(BLOCK.sub("", text))


def _curl() -> ArgumentParser:
    """The options that the pages use; any other one fails the test that meets it."""
    parser = ArgumentParser(prog="curl", exit_on_error=False)
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    return parser


def _requests_of(command: str, variables: Mapping[str, str]) -> Iterator[Request]:
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    options = _curl().parse_args(shlex.split(command)[1:])
    headers = {"User-Agent": "curl"}
    if options.body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    headers |= dict(header.split(": ", 1) for header in options.headers)
    for url in _expanded(options.url):
        yield Request(
            method=options.method or ("GET" if options.body is None else "POST"),
            url=url,
            headers=headers,
            body=None if options.body is None else options.body.encode(),
        )


def _expanded(url: str) -> list[str]:
    """curl's own braces: `/{a,b}` is two addresses."""
    choices = re.search(r"\{([^}]*)\}", url)
    if choices is None:
        return [url]
    return [url.replace(choices[0], choice) for choice in choices[1].split(",")]
