"""What is an access token, and all that is none."""

import hashlib
import hmac

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.testing.fakes import FakeClock
from service.access.tokens import KEY_PURPOSE, KIND, AccessTokens
from service.signed_claims import ALGORITHM

SECRET = "a secret of at least thirty-two bytes"
KEY = hmac.digest(SECRET.encode(), KEY_PURPOSE + b"\x01", hashlib.sha256)


@pytest.fixture
def tokens(clock):
    return AccessTokens(SECRET, clock)


def claims(clock, **changes):
    now = int(clock.now().timestamp())
    sound = {
        "iss": "support-desk",
        "aud": "support-desk",
        "sub": "agent_1",
        "sid": "session_1",
        "iat": now,
        "exp": now + 900,
    }
    return {name: value for name, value in (sound | changes).items() if value is not None}


def signed(payload, key=KEY, algorithm=ALGORITHM, **headers):
    return jwt.encode(payload, key, algorithm=algorithm, headers={"typ": KIND} | headers)


def test_a_token_is_read_until_it_is_over(tokens, clock):
    token = tokens.issue("agent_1", "session_1")
    read = tokens.read(token)
    assert (read.agent_id, read.session_id) == ("agent_1", "session_1")
    assert token == signed(claims(clock))
    clock.advance(904)
    assert tokens.read(token) is not None
    clock.advance(1)
    assert tokens.read(token) is None


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "iat", "exp"])
def test_each_claim_is_needed(tokens, clock, claim):
    assert tokens.read(signed(claims(clock, **{claim: None}))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "another"},
        {"aud": "another"},
        {"aud": ["another", "and another"]},
        {"sub": 7},
        {"sid": 7},
        {"sid": ["session_1"]},
        {"exp": "tomorrow"},
        {"exp": 1e300},
        {"exp": float("nan")},
        {"exp": True},
        {"iat": "yesterday"},
        {"iat": -1},
        {"iat": 10**12, "exp": 10**12 + 900},
        {"exp": 10**11},
    ],
)
def test_a_claim_that_is_not_ours_makes_it_no_token(tokens, clock, change):
    assert tokens.read(signed(claims(clock, **change))) is None


def test_only_our_key_and_our_algorithm_sign(tokens, clock):
    sound = claims(clock)
    assert tokens.read(signed(sound)) is not None
    assert tokens.read(signed(sound, key=SECRET)) is None
    assert tokens.read(signed(sound, key=b"\x00" * 32)) is None
    for algorithm in ("HS384", "HS512"):
        assert tokens.read(signed(sound, key=KEY * 2, algorithm=algorithm)) is None
    assert tokens.read(signed(sound, key=None, algorithm="none")) is None
    assert tokens.read(signed(sound, typ="JWT")) is None
    assert AccessTokens(SECRET + "!", clock).read(signed(sound)) is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "é.é.é", "Bearer x", "x" * 3_000, "\x00", "{}.{}.{}", "null"]
)
def test_what_is_no_token_at_all_is_none(tokens, text):
    assert tokens.read(text) is None


TOKEN_CLOCK = FakeClock()
SOUND = AccessTokens(SECRET, TOKEN_CLOCK)
TOKEN = SOUND.issue("agent_1", "session_1")
LAST = len(TOKEN) - 2
"""The last character has two bits that mean nothing."""


@given(st.integers(0, LAST), st.sampled_from("ABCXYZabcxyz0189-_.=+/ é"))
def test_a_token_with_any_other_character_is_none(at, character):
    tampered = TOKEN[:at] + character + TOKEN[at + 1 :]
    if tampered != TOKEN:
        assert SOUND.read(tampered) is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(text):
    assert SOUND.read(text) is None
