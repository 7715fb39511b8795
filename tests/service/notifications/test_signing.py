"""Signatures, as a receiver checks them with the library of the specification."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from service.notifications.notifying import PURPOSE
from service.signing import WebhookSecrets, signed_headers

SECRETS = WebhookSecrets("k" * 32, PURPOSE)
SECRET = SECRETS.of("webhook_1", 1)
BODY = '{"type":"ticket.created","note":"ä"}'.encode()


def headers(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    return dict(signed_headers(secrets or (SECRET,), "dlv_1", at or datetime.now(UTC), BODY))


def test_a_receiver_verifies_with_the_library_of_the_specification() -> None:
    assert Webhook(SECRET).verify(BODY, headers()) == {"type": "ticket.created", "note": "ä"}


def test_while_secrets_change_either_verifies() -> None:
    new = SECRETS.of("webhook_1", 2)
    sent = headers(new, SECRET)
    assert len(sent["webhook-signature"].split()) == 2
    for secret in (new, SECRET):
        Webhook(secret).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS.of("webhook_1", 3)).verify(BODY, sent)


@pytest.mark.parametrize(
    "wrong", [WebhookSecrets("l" * 32, PURPOSE).of("webhook_1", 1), SECRETS.of("webhook_2", 1)]
)
def test_another_secret_verifies_nothing(wrong: str) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(wrong).verify(BODY, headers())


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "dlv_2"},
        {"webhook-timestamp": str(int(datetime.now(UTC).timestamp()) - 60)},
        {"webhook-signature": "v1,AAAA"},
    ],
    ids=["id", "time", "signature"],
)
def test_what_was_tampered_with_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers() | changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY.replace(b"created", b"deleted"), headers())


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_is_old_or_of_the_future_is_refused(minutes: int) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers(at=datetime.now(UTC) + timedelta(minutes=minutes)))


def test_a_secret_is_what_the_specification_asks_for_and_is_shown_by_nothing() -> None:
    assert SECRET.startswith("whsec_")
    assert len(base64.b64decode(SECRET.removeprefix("whsec_"))) == 32
    assert "k" * 32 not in repr(SECRETS)


def test_the_same_is_derived_in_every_process_and_version() -> None:
    """A change here is a new secret for every receiver there is."""
    assert SECRET == "whsec_ynyBHX3f1Bckj1uqC8lLOc0vOKWkAcUfBxnhYJZvpJk="


@given(
    st.sets(
        st.tuples(st.sampled_from(["webhook_1", "webhook_11", "webhook_"]), st.integers(1, 200)), max_size=30
    )
)
def test_no_two_endpoints_or_numbers_share_a_secret(of: set[tuple[str, int]]) -> None:
    assert len({SECRETS.of(*one) for one in of}) == len(of)
