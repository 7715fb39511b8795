"""`/api/inbound`: tickets and messages that other systems bring, signed; and who may send."""

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import requests

from service.auditing import Audit
from service.signing import signed_headers
from service.testing.desk import SupportDesk, desk_with_stub
from tests.conftest import empty_all_tables

SOURCES = "/api/admin/inbound-webhooks"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("inbound")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with desk_with_stub({"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


class Shop:
    """A system elsewhere that knows its address and its secret."""

    def __init__(self, desk: SupportDesk) -> None:
        made = desk.post(SOURCES, {"name": f"shop {token_hex(4)}"})
        assert made.status_code == 201, made.text
        self.desk = desk
        self.id: str = made.json()["webhook"]["id"]
        self.secret: str = made.json()["secret"]
        self.at = made.headers["Location"]

    def send(self, body: Any, message_id: str = "", **changed: Any) -> requests.Response:
        """`changed`: secret, at, source_id, `raw` to be signed, what is `sent` in its place, and headers."""
        raw = changed.pop("raw", None)
        raw = json.dumps(body).encode() if raw is None else raw
        sent = changed.pop("sent", raw)
        at = changed.pop("at", self.desk.clock.now())
        secrets = [changed.pop("secret", self.secret)]
        source_id = changed.pop("source_id", self.id)
        headers = signed_headers(secrets, message_id or f"msg_{token_hex(6)}", at, raw)
        headers |= {"Content-Type": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return self.desk.call("POST", f"/api/inbound/{source_id}", data=sent, headers=headers)


@pytest.fixture
def shop(desk: SupportDesk) -> Shop:
    return Shop(desk)


def ticket(**fields: Any) -> dict[str, Any]:
    told = {
        "external_id": f"shop-{token_hex(4)}",
        "customer_id": "cust_inbound",
        "subject": "My parcel is late",
    }
    return {"type": "ticket.created", "data": told | fields}


def message(of: dict[str, Any], **fields: Any) -> dict[str, Any]:
    told = {
        "ticket_external_id": of["data"]["external_id"],
        "external_id": f"mail-{token_hex(4)}",
        "content": "Where is it?",
    }
    return {"type": "message.added", "data": told | fields}


def messages_of(desk: SupportDesk, ticket_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(f"/api/tickets/{ticket_id}/messages").json()["messages"]
    return found


# ---------------------------------------------------------------- tickets


def test_a_ticket_is_brought_with_its_customer(desk: SupportDesk, shop: Shop) -> None:
    customer_id = f"cust_{token_hex(4)}"
    brought = ticket(
        customer_id=customer_id,
        initial_message="It should have been here on Monday.",
        author_name="Ada",
        author_email="ada@example.org",
        channel="chat",
        priority="high",
        tags=["parcel"],
    )
    answer = shop.send(brought)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["type"], told["result"], told["message_id"]) == ("ticket.created", "created", None)
    read = desk.get(f"/api/tickets/{told['ticket_id']}").json()
    assert (read["external_id"], read["customer_id"]) == (brought["data"]["external_id"], customer_id)
    assert (read["status"], read["priority"], read["channel"], read["assigned_to"]) == (
        "open",
        "high",
        "chat",
        None,
    )
    [first] = messages_of(desk, told["ticket_id"])
    assert (first["from_agent"], first["author_name"]) == (False, "Ada")
    [made, *_] = desk.get(f"/api/tickets/{told['ticket_id']}/events?order=asc").json()["events"]
    assert made["actor"] == f"webhook:{shop.id}"


def test_a_webhook_that_is_sent_again_gets_the_first_answer(desk: SupportDesk, shop: Shop) -> None:
    brought = ticket()
    first, again = shop.send(brought, "msg_1"), shop.send(brought, "msg_1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (
        None,
        "true",
    )
    later = shop.send(brought, "msg_1", at=desk.clock.now() - timedelta(minutes=4))  # signed anew
    assert later.json() == first.json()


def test_the_id_of_another_webhook_is_refused(shop: Shop) -> None:
    assert shop.send(ticket(), "msg_1").status_code == 201
    refused = shop.send(ticket(), "msg_1")
    assert refused.status_code == 422
    assert "webhook-id" in refused.json()["errors"]


def test_the_same_id_of_another_sender_is_another_webhook(desk: SupportDesk, shop: Shop) -> None:
    assert shop.send(ticket(), "msg_1").status_code == 201
    assert Shop(desk).send(ticket(), "msg_1").status_code == 201


def test_a_ticket_is_made_once_by_its_external_id(desk: SupportDesk, shop: Shop) -> None:
    brought = ticket()
    first = shop.send(brought)
    second = shop.send({**brought, "data": brought["data"] | {"subject": "Another one"}})
    assert (second.status_code, second.json()["result"]) == (200, "unchanged")
    assert second.json()["ticket_id"] == first.json()["ticket_id"]
    read = desk.get(f"/api/tickets/{first.json()['ticket_id']}").json()
    assert read["subject"] == "My parcel is late"


def test_of_many_at_once_one_makes_the_ticket(desk: SupportDesk, shop: Shop) -> None:
    brought, came = ticket(), list[requests.Response]()
    threads = [threading.Thread(target=lambda: came.append(shop.send(brought))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in came) == [200] * 7 + [201]
    assert len({answer.json()["ticket_id"] for answer in came}) == 1


# ---------------------------------------------------------------- messages


def test_a_message_comes_to_its_ticket_by_external_ids_once(desk: SupportDesk, shop: Shop) -> None:
    of = ticket()
    ticket_id = shop.send(of).json()["ticket_id"]
    brought = message(of, author_name="Ada", author_email="ada@example.org")
    first, again = shop.send(brought), shop.send(brought)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["message_id"] == again.json()["message_id"]
    assert again.json()["result"] == "unchanged"
    [read] = messages_of(desk, ticket_id)
    assert (read["id"], read["content"], read["from_agent"], read["author_name"]) == (
        first.json()["message_id"],
        "Where is it?",
        False,
        "Ada",
    )


def test_a_message_of_an_agent_elsewhere_is_an_answer(desk: SupportDesk, shop: Shop) -> None:
    of = ticket(initial_message="Where is it?")
    ticket_id = shop.send(of).json()["ticket_id"]
    assert shop.send(message(of, from_agent=True, content="On its way.")).status_code == 201
    read = desk.get(f"/api/tickets/{ticket_id}").json()
    assert (read["last_message_from_agent"], read["message_count"]) == (True, 2)


def test_a_message_without_its_ticket_is_refused_and_goes_well_after_it(shop: Shop) -> None:
    of = ticket()
    brought = message(of)
    early = shop.send(brought, "msg_early")
    assert early.status_code == 422
    assert "bring the ticket first" in early.json()["errors"]["data.ticket_external_id"][0]
    shop.send(of)
    assert shop.send(brought, "msg_early").status_code == 201


def test_a_message_to_a_deleted_ticket_is_refused(desk: SupportDesk, shop: Shop) -> None:
    of = ticket()
    ticket_id = shop.send(of).json()["ticket_id"]
    assert desk.call("DELETE", f"/api/tickets/{ticket_id}").status_code == 204
    assert "deleted" in shop.send(message(of)).json()["errors"]["data.ticket_external_id"][0]
    assert shop.send(of).json()["result"] == "unchanged"


def test_a_message_of_another_ticket_is_refused(shop: Shop) -> None:
    one, other = ticket(), ticket()
    shop.send(one)
    shop.send(other)
    brought = message(one)
    shop.send(brought)
    stolen = message(other, external_id=brought["data"]["external_id"])
    assert list(shop.send(stolen).json()["errors"]) == ["data.external_id"]


# ---------------------------------------------------------------- external ids of several senders


def test_two_shops_with_the_same_numbers_have_a_ticket_each(desk: SupportDesk, shop: Shop) -> None:
    other = Shop(desk)
    brought = ticket(initial_message="Where is it?")
    number = brought["data"]["external_id"]
    first, second = shop.send(brought), other.send(brought)
    assert (first.status_code, second.status_code) == (201, 201)
    ids = {first.json()["ticket_id"], second.json()["ticket_id"]}
    assert len(ids) == 2
    told = [desk.get(f"/api/tickets/{answer.json()['ticket_id']}").json() for answer in (first, second)]
    assert [one["external_id"] for one in told] == [number, f"{other.id}:{number}"]
    again = [each.send(brought).json() for each in (shop, other)]
    assert [one["result"] for one in again] == ["unchanged", "unchanged"]
    assert {one["ticket_id"] for one in again} == ids


def test_messages_with_the_same_numbers_come_to_the_ticket_of_their_shop(
    desk: SupportDesk, shop: Shop
) -> None:
    other, of = Shop(desk), ticket()
    ticket_ids = [each.send(of).json()["ticket_id"] for each in (shop, other)]
    brought = message(of)
    first, second = (each.send(brought).json() for each in (shop, other))
    assert [first["ticket_id"], second["ticket_id"]] == ticket_ids
    assert first["message_id"] != second["message_id"]
    again = [each.send(brought).json() for each in (shop, other)]
    assert [one["message_id"] for one in again] == [first["message_id"], second["message_id"]]
    assert [len(messages_of(desk, ticket_id)) for ticket_id in ticket_ids] == [1, 1]


@pytest.mark.parametrize("by", ["another shop", "a client of the API"])
def test_no_sender_writes_into_a_ticket_that_another_made(desk: SupportDesk, shop: Shop, by: str) -> None:
    of = ticket()
    if by == "another shop":
        made = Shop(desk).send(of).json()["ticket_id"]
    else:
        made = desk.post("/api/tickets", of["data"]).json()["ticket"]["id"]
    refused = shop.send(message(of))
    assert refused.status_code == 422
    assert "bring the ticket first" in refused.json()["errors"]["data.ticket_external_id"][0]
    own = shop.send(of)
    assert (own.status_code, own.json()["result"]) == (201, "created")
    assert shop.send(message(of)).json()["ticket_id"] == own.json()["ticket_id"]
    assert messages_of(desk, made) == []


def test_the_longest_numbers_are_kept_apart_too(desk: SupportDesk, shop: Shop) -> None:
    other, of = Shop(desk), ticket(external_id="x" * 190 + token_hex(5))
    brought = message(of, external_id="y" * 190 + token_hex(5))
    made = [each.send(one).status_code for each in (shop, other) for one in (of, brought)]
    again = [each.send(one).status_code for each in (shop, other) for one in (of, brought)]
    assert (made, again) == ([201] * 4, [200] * 4)


def test_of_many_at_once_of_two_shops_one_each_makes_the_ticket(desk: SupportDesk, shop: Shop) -> None:
    brought, senders, came = ticket(), [shop, Shop(desk)], list[tuple[str, int, str]]()

    def send(sender: Shop) -> None:
        answer = sender.send(brought)
        came.append((sender.id, answer.status_code, answer.json()["ticket_id"]))

    threads = [threading.Thread(target=send, args=[sender]) for sender in senders * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for _, status, _ in came) == [200] * 6 + [201] * 2
    assert len({(sender_id, ticket_id) for sender_id, _, ticket_id in came}) == 2


def test_an_id_that_somebody_else_gave_away_in_its_name_is_a_conflict(desk: SupportDesk, shop: Shop) -> None:
    of = ticket()
    number = of["data"]["external_id"]
    for taken in (number, f"{shop.id}:{number}"):
        assert desk.post("/api/tickets", of["data"] | {"external_id": taken}).status_code == 201
    refused = shop.send(of)
    assert refused.status_code == 409
    assert "data.external_id" in refused.json()["detail"]


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "ticket.exploded", "data": {}}, "type"),
        ({"type": "ticket.created"}, "data"),
        ({"type": "ticket.created", "data": []}, "data"),
        ({"type": "ticket.created", "data": {}}, "data.external_id"),
        (ticket(customer_id="a b"), "data.customer_id"),
        (ticket(subject=""), "data.subject"),
        (ticket(subject="a\x00b"), "data.subject"),
        (ticket(team_id="team_none"), "data.team_id"),
        (ticket(status="closed"), "data.status"),
        (ticket(assigned_to="agent_1"), "data.assigned_to"),
        (ticket(priority="now"), "data.priority"),
        (ticket(custom_fields={"none": 1}), "data.custom_fields.none"),
        (ticket(external_id="x" * 201), "data.external_id"),
        (ticket(external_id=None), "data.external_id"),
        ({"type": "message.added", "data": {"external_id": "1"}}, "data.ticket_external_id"),
        ({"type": "message.added", "data": {"external_id": "1"}}, "data.content"),
        ({"type": "message.added", "data": {f"f{number}": 1 for number in range(500)}}, "data"),
        ({"type": "ticket.created", "data": {}, "colour": "red"}, "colour"),
        ([], "body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_as_it_stands_in_the_body(shop: Shop, body: Any, field: str) -> None:
    answer = shop.send(body)
    assert answer.status_code == 422, answer.text
    assert any(name == field or name.startswith(f"{field}.") for name in answer.json()["errors"])


@pytest.mark.parametrize(
    ("raw", "status"), [(b"{", 400), (b"", 422), (b"[" * 100_000, 400), (b" " * 2**20 + b"{}", 413)]
)
def test_a_body_that_is_none_is_refused(shop: Shop, raw: bytes, status: int) -> None:
    assert shop.send(None, raw=raw).status_code == status


def test_a_body_that_is_not_told_to_be_json_is_refused(shop: Shop) -> None:
    assert shop.send(ticket(), Content_Type="text/plain").status_code == 415


def test_whatever_is_wrong_with_the_signature_the_answer_is_the_same(desk: SupportDesk, shop: Shop) -> None:
    now = desk.clock.now()
    answers = [
        shop.send(ticket(), source_id="inbound_none"),
        shop.send(ticket(), secret=Shop(desk).secret),
        shop.send(ticket(), at=now - timedelta(minutes=6)),
        shop.send(ticket(), at=now + timedelta(minutes=6)),
        shop.send(ticket(), webhook_signature="v1,AAAA"),
        shop.send(ticket(), webhook_signature=""),
        shop.send(ticket(), webhook_id="another"),
        shop.send(ticket(), webhook_timestamp="0"),
        shop.send(ticket(), sent=b"{\xff}"),
        desk.call("POST", f"/api/inbound/{shop.id}", json=ticket()),
        desk.call("POST", f"/api/inbound/{shop.id}", data=b"{"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_the_body_is_signed_byte_by_byte(shop: Shop) -> None:
    raw = json.dumps(ticket()).encode()
    assert shop.send(None, raw=raw, sent=raw + b" ").status_code == 401
    assert shop.send(None, raw=raw).status_code == 201


def test_the_audit_tells_of_signatures_that_do_not_fit(desk: SupportDesk, shop: Shop) -> None:
    shop.send(ticket(), secret="whsec_AAAA")
    desk.component(Audit).write_noted(all_of_them=True)
    entries = desk.get("/api/audit?type=access.denied").json()["entries"]
    assert any(entry["subject_id"] == "inbound.receive_webhook" for entry in entries)


# ---------------------------------------------------------------- who may send


def test_a_secret_is_shown_once_and_is_in_no_list(desk: SupportDesk, shop: Shop) -> None:
    for path in (SOURCES, shop.at):
        answer = desk.get(path)
        assert answer.status_code == 200
        assert shop.secret not in answer.text
    told = desk.get(shop.at).json()["webhook"]
    assert (told["active"], told["secret_version"], told["last_used_at"]) == (True, 1, None)


def test_a_new_secret_is_good_at_once_and_the_old_one_for_a_while(desk: SupportDesk, shop: Shop) -> None:
    rotated = desk.post(f"{shop.at}/rotate", {"overlap_s": 60}).json()
    assert rotated["webhook"]["secret_version"] == 2
    assert shop.send(ticket()).status_code == 201
    assert shop.send(ticket(), secret=rotated["secret"]).status_code == 201
    desk.clock.advance(61)
    assert shop.send(ticket()).status_code == 401
    assert shop.send(ticket(), secret=rotated["secret"]).status_code == 201


def test_after_two_rotations_only_the_last_two_secrets_are_good(desk: SupportDesk, shop: Shop) -> None:
    second = desk.post(f"{shop.at}/rotate", {}).json()["secret"]
    third = desk.post(f"{shop.at}/rotate", {}).json()["secret"]
    statuses = [shop.send(ticket(), secret=secret).status_code for secret in (shop.secret, second, third)]
    assert statuses == [401, 201, 201]


def test_one_that_is_switched_off_is_refused_until_it_is_on_again(desk: SupportDesk, shop: Shop) -> None:
    for active, status in ((False, 401), (True, 201)):
        assert desk.patch(shop.at, {"active": active}).json()["webhook"]["active"] is active
        assert shop.send(ticket()).status_code == status


def test_a_deleted_one_is_refused_and_what_it_brought_stays(desk: SupportDesk, shop: Shop) -> None:
    ticket_id = shop.send(ticket()).json()["ticket_id"]
    assert desk.call("DELETE", shop.at).status_code == 204
    assert shop.send(ticket()).status_code == 401
    assert desk.get(shop.at).status_code == desk.call("DELETE", shop.at).status_code == 404
    assert desk.get(f"/api/tickets/{ticket_id}").status_code == 200


def test_a_name_is_given_once(desk: SupportDesk, shop: Shop) -> None:
    name = desk.get(shop.at).json()["webhook"]["name"]
    assert desk.post(SOURCES, {"name": name}).status_code == 409
    assert desk.patch(Shop(desk).at, {"name": name}).status_code == 409
    assert desk.patch(shop.at, {"name": name}).status_code == 200


def test_it_is_told_when_one_was_last_used(desk: SupportDesk, shop: Shop) -> None:
    shop.send(ticket())
    told = datetime.fromisoformat(desk.get(shop.at).json()["webhook"]["last_used_at"])
    assert abs(desk.clock.now() - told.astimezone(UTC)) < timedelta(seconds=30)


def test_the_audit_tells_who_made_changed_and_deleted_one(desk: SupportDesk, shop: Shop) -> None:
    desk.patch(shop.at, {"active": False})
    desk.post(f"{shop.at}/rotate", {})
    desk.call("DELETE", shop.at)
    entries = desk.get(f"/api/audit?subject={shop.id}").json()["entries"]
    assert sorted(entry["type"] for entry in entries) == [
        f"inbound_webhook.{what}" for what in ("changed", "created", "deleted", "rotated")
    ]
    assert shop.secret not in str(entries)
