"""Passwords: which are good, and how they are kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from service.errors import Busy, InvalidField

SHORTEST = 12
LONGEST_BYTES = 1024
FEWEST_CHARACTERS = 5
"""Of different ones: what has fewer is a pattern."""

SHORTEST_OF_DIGITS = 20
AROUND_A_WORD = "0123456789 !?.,;:-_#*+$%&@=/'\"()"
"""What people put before and behind a word that is too simple by itself."""

TIME_COST = 2
MEMORY_KIB = 19 * 1024
PARALLELISM = 1
"""Argon2id as the OWASP Password Storage Cheat Sheet has it at the least: more memory is fewer sign-ins."""

NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$sZnFnXlo8IEKP9EAjkdmXg$C+SFp5ikM7WDWgQxtF1CPwtdrM3oK5Lvcdvg+iXsw/A"
)
"""What a password is compared with where there is no such account: it costs the same and is never right."""

BUSY_FOR_S = 1.0


def check_password(password: str, *, field: str, email: str | None = None) -> None:
    """Raises `InvalidField` for one that is too short, too long or easily guessed."""
    if len(password) < SHORTEST:
        raise InvalidField(field, f"Must be at least {SHORTEST} characters long; a sentence is easy to keep.")
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise InvalidField(field, f"Must be at most {LONGEST_BYTES} bytes long.")
    if _is_guessed(password, email):
        raise InvalidField(field, "Is among those that are tried first; take one that nobody else has.")


class Passwords:
    """Argon2id, by no more threads at once than there is room for; whoever comes then comes again."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM, type=Type.ID)

    def hashed(self, password: str) -> str:
        """Raises `Busy`."""
        with self._place():
            return self._hasher.hash(_bytes(password))

    def is_right(self, password: str, password_hash: str | None) -> bool:
        """Takes as long where there is no hash to compare with. Raises `Busy`."""
        with self._place():
            try:
                self._hasher.verify(password_hash or NOBODYS_HASH, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy("Too many sign-ins at once; please try again.", retry_after_s=BUSY_FOR_S)
        try:
            yield
        finally:
            self._places.release()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _is_guessed(password: str, email: str | None) -> bool:
    folded = password.casefold()
    if len(set(folded)) < FEWEST_CHARACTERS or (email is not None and folded == email.casefold()):
        return True
    word = _unit(folded).strip(AROUND_A_WORD)
    if not word and len(password) < SHORTEST_OF_DIGITS:
        return True
    return not {folded, _unit(folded), word, _unit(word)}.isdisjoint(_common())


def _unit(text: str) -> str:
    """What the text repeats; the text itself where it repeats nothing."""
    return text[: (text + text).find(text, 1)] if text else text


@cache
def _common() -> frozenset[str]:
    """About 19,300, in lower case."""
    return frozenset(files("service.access").joinpath("common-passwords.txt").read_text().split())
