"""Two requests have the same hash where they are the same, and only there."""

from hypothesis import given
from hypothesis import strategies as st

from service.http.idempotency import request_hash

PARTS = st.lists(st.binary(max_size=6), max_size=4)


@given(PARTS, PARTS)
def test_the_hash_tells_requests_apart_whatever_their_parts_hold(
    one: list[bytes], other: list[bytes]
) -> None:
    assert (request_hash(*one) == request_hash(*other)) is (one == other)


@given(st.binary(max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_bytes_that_move_from_one_part_to_the_next_make_another_request(
    text: bytes, cut: int, other: int
) -> None:
    same = text[:cut] == text[:other]
    assert (request_hash(text[:cut], text[cut:]) == request_hash(text[:other], text[other:])) is same


def test_it_fits_its_column() -> None:
    assert len(request_hash(b"POST", b"/api/tickets", b"", b"{}")) == 64
