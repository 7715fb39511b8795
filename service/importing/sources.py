"""Where lines come from: a file or standard input, gzipped or not."""

import gzip
import hashlib
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

GZIP_MAGIC = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
FORMAT_OF_SUFFIX = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
STANDARD_INPUT = "-"
LONGEST_NAME = 190
"""With `import:` before it, it is the actor of events."""


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


class UnusableFile(Exception):
    """`str()` is a sentence that says what to do about it."""


@dataclass(frozen=True, slots=True)
class Source:
    """`path` is None for standard input."""

    path: Path | None
    format: Format

    @classmethod
    def at(cls, place: str, wanted: str | None) -> "Source":
        """Raises `UnusableFile` where neither the suffix nor `wanted` tells the format."""
        path = None if place == STANDARD_INPUT else Path(place)
        suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"] if path else []
        told = wanted or FORMAT_OF_SUFFIX.get(suffixes[-1] if suffixes else "")
        if told is None:
            known = ", ".join(FORMAT_OF_SUFFIX)
            raise UnusableFile(f"The format cannot be told (from {known}); say --format csv or jsonl.")
        return cls(path, Format(told))

    @property
    def name(self) -> str:
        """Without its directory, and without what cannot be stored."""
        name = self.path.name if self.path else "stdin"
        return "".join(each if each.isprintable() else "?" for each in name)[:LONGEST_NAME]

    @property
    def size(self) -> int | None:
        """In bytes, as it lies there; None where that is not known."""
        return self.path.stat().st_size if self.path and self.path.is_file() else None

    def digest(self) -> str | None:
        """SHA-256 over all of it, some two seconds a gigabyte; None for what can be read only once."""
        if self.path is None or not self.path.is_file():
            return None
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextmanager
    def opened(self) -> Iterator["Stream"]:
        """Raises `UnusableFile`, also in the middle of a block that reads what is broken."""
        raw = self.path.open("rb") if self.path else sys.stdin.buffer
        try:
            yield Stream(raw)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise UnusableFile(f"Its compression is broken: {error}.") from error
        finally:
            if self.path:
                raw.close()


class Stream:
    """`line`: how many lines were read."""

    def __init__(self, raw: BinaryIO) -> None:
        self.line = 0
        self._raw = raw
        self._lines: BinaryIO | gzip.GzipFile = raw
        start = raw.peek(2)[:2] if hasattr(raw, "peek") else b""
        if start == GZIP_MAGIC:
            self._lines = gzip.GzipFile(fileobj=raw)
        elif start in UTF_16:
            raise UnusableFile("It is UTF-16; save it as UTF-8 (in a spreadsheet: CSV UTF-8).")

    def readline(self, limit: int) -> bytes:
        return self._lines.readline(limit)

    def bytes_read(self) -> int:
        """Of the file as it lies there; 0 for a pipe."""
        return self._raw.tell() if self._raw.seekable() else 0
