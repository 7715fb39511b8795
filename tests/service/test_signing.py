"""Signatures of webhooks, held against the library that the specification publishes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook

from service.signing import SignedMessage, WebhookSecrets, signed_headers

NOW = datetime.now(UTC)
"""Of those tests that hold signatures against it: the published library looks at the clock itself."""
BODY = '{"type":"ticket.created","data":{"subject":"Grüße"}}'.encode()
SECRETS = WebhookSecrets("s" * 32, "tests")
SECRET, NEXT = SECRETS.of("source_1", 1), SECRETS.of("source_1", 2)


def is_good(headers, body=BODY, secrets=(SECRET,), now=NOW):
    message = SignedMessage.read(headers, body)
    return message is not None and message.is_signed_with(secrets, now=now)


def test_what_we_sign_the_published_library_verifies():
    headers = signed_headers([SECRET], "msg_1", datetime.now(UTC), BODY)
    assert Webhook(SECRET).verify(BODY, headers)["type"] == "ticket.created"


def test_a_time_of_another_zone_is_the_same_moment():
    elsewhere = datetime.now(UTC).astimezone(timezone(timedelta(hours=9)))
    assert Webhook(SECRET).verify(BODY, signed_headers([SECRET], "msg_1", elsewhere, BODY))


def test_while_a_secret_is_rotated_either_verifies():
    headers = signed_headers([SECRET, NEXT], "msg_1", datetime.now(UTC), BODY)
    for secret in (SECRET, NEXT):
        assert Webhook(secret).verify(BODY, headers)
        assert is_good(headers, secrets=[secret], now=datetime.now(UTC))
    assert is_good(signed_headers([SECRET], "msg_1", NOW, BODY), secrets=[NEXT, SECRET])


def test_a_secret_is_that_of_its_owner_version_purpose_and_desk():
    others = [
        SECRETS.of("source_1", 2),
        SECRETS.of("source_2", 1),
        WebhookSecrets("s" * 32, "others").of("source_1", 1),
        WebhookSecrets("t" * 32, "tests").of("source_1", 1),
    ]
    assert len({SECRET, *others}) == 5
    assert SECRETS.of("source_1", 1) == SECRET


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_message_of_the_last_or_next_five_minutes_is_good(minutes):
    at = NOW.replace(microsecond=0)
    headers = signed_headers([SECRET], "msg_1", at, BODY)
    assert is_good(headers, now=at + timedelta(minutes=minutes))


@pytest.mark.parametrize("seconds", [-301, 301, 10**9])
def test_an_older_or_later_one_is_not(seconds):
    at = NOW.replace(microsecond=0)
    headers = signed_headers([SECRET], "msg_1", at, BODY)
    assert not is_good(headers, now=at + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "x" * 256},
        {"webhook-id": "msg 1"},
        {"webhook-timestamp": str(int(NOW.timestamp()) - 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "9" * 12},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,\u00ff\u00ff"},
        {"webhook-signature": " ".join(["v1,x"] * 5_000)},
    ],
)
def test_a_changed_header_is_refused(changed):
    headers = signed_headers([SECRET], "msg_1", NOW, BODY)
    assert is_good(headers)
    assert not is_good(headers | changed)


def test_only_signatures_of_version_1_are_read():
    headers = signed_headers([SECRET], "msg_1", NOW, BODY)
    signature = headers["webhook-signature"]
    assert not is_good(headers | {"webhook-signature": signature.replace("v1,", "v1a,")})
    assert is_good(headers | {"webhook-signature": f"v2,abc {signature}"})


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], b"\xff\xfe"])
def test_another_body_is_refused(body):
    assert not is_good(signed_headers([SECRET], "msg_1", NOW, BODY), body=body)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(missing):
    headers = signed_headers([SECRET], "msg_1", NOW, BODY)
    del headers[missing]
    assert not is_good(headers)
