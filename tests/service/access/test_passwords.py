"""Which passwords are good, and how they are kept."""

import threading
from time import perf_counter

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given
from hypothesis import strategies as st

from service.access.passwords import MEMORY_KIB, NOBODYS_HASH, TIME_COST, Passwords, check_password
from service.errors import Busy, InvalidField

GOOD = "quiet lanterns over the harbour"


@pytest.fixture(scope="module")
def passwords():
    return Passwords(2)


def test_a_password_is_right_and_any_other_is_wrong(passwords):
    kept = passwords.hashed(GOOD)
    assert GOOD not in kept
    assert passwords.hashed(GOOD) != kept
    assert passwords.is_right(GOOD, kept)
    for other in (GOOD + " ", " " + GOOD, GOOD.upper(), "", kept, "\ud800"):
        assert not passwords.is_right(other, kept)


def test_a_password_is_taken_as_it_was_typed(passwords):
    odd = "  ﬁve \ud800 \x00 geese, zwölf Enten  "
    assert passwords.is_right(odd, passwords.hashed(odd))


def test_where_there_is_no_password_none_is_right_and_as_much_is_done(passwords):
    assert not passwords.is_right(GOOD, None)
    assert not passwords.is_right("nobody", None)
    assert not passwords.is_right(GOOD, "not a hash")
    own, nobodys = extract_parameters(passwords.hashed(GOOD)), extract_parameters(NOBODYS_HASH)
    assert own == nobodys
    assert (own.type, own.time_cost, own.memory_cost) == (Type.ID, TIME_COST, MEMORY_KIB)


def test_a_hash_with_other_parameters_is_outdated(passwords):
    kept = passwords.hashed(GOOD)
    assert not passwords.is_outdated(kept)
    assert passwords.is_outdated(kept.replace(f"t={TIME_COST}", "t=1"))
    assert passwords.is_outdated(kept.replace(f"m={MEMORY_KIB}", "m=8192"))


def test_no_more_are_hashed_at_once_than_there_is_room_for():
    passwords = Passwords(1)
    together, outcomes = threading.Barrier(6), []

    def attempt():
        together.wait()
        began = perf_counter()
        try:
            passwords.is_right(GOOD, None)
            outcomes.append("done")
        except Busy as busy:
            outcomes.append(busy.retry_after_s)
            assert perf_counter() - began < 1

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {"done", 1.0}
    assert not passwords.is_right(GOOD, None)  # there is room again


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "eleven char",
        "password1234",
        "Password2026!",
        "PASSWORDPASSWORD",
        "passwordpassword1",
        "!!letmein!!2026",
        "qwertyqwertyqwerty",
        "123456789012",
        "2026-01-31 12:00",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "iloveyou1234567",
        "q1w2e3r4t5y6",
        "ä" * 513,
        "a b c d e f" * 100,
        "kim@desk.example",
        "KIM@desk.example",
    ],
)
def test_a_password_that_others_try_first_is_refused(password):
    with pytest.raises(InvalidField) as refused:
        check_password(password, field="password", email="kim@desk.example")
    assert refused.value.field == "password"
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "Tr0ub4dor&3-again",
        "correct horse battery staple",
        "zwölf Enten am Teich",
        "x7$" + "Qm9#" * 2 + "v!",
    ],
)
def test_a_password_that_nobody_else_has_is_good(password):
    check_password(password, field="password", email="kim@desk.example")


@given(st.text(min_size=1, max_size=300))
def test_any_text_is_either_good_or_refused_by_name(text):
    try:
        check_password(text, field="password")
    except InvalidField as refused:
        assert refused.field == "password"  # noqa: PT017  # both are as it should be
