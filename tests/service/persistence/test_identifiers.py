import re

from service.identifiers import RANDOM_BYTES, new_id, new_ref


def test_an_id_says_what_it_is_of_and_can_stand_in_a_path() -> None:
    assert re.fullmatch(r"ticket_[A-Za-z0-9_-]{22}", new_id("ticket"))
    assert re.fullmatch(r"ref_[A-Za-z0-9_-]{22}", new_ref())


def test_an_id_cannot_be_guessed() -> None:
    assert RANDOM_BYTES * 8 >= 122
    assert len({new_id("ticket") for _ in range(10_000)}) == 10_000
