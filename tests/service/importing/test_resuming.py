"""An import goes on where it stopped, and twice the same changes nothing."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.customers.models import Customer
from service.database import DatabaseUnavailable
from service.importing.importer import Wish
from service.importing.models import ImportPosition
from service.importing.report import Figures, Rejection, RejectsFile
from service.importing.resuming import Overtaken
from service.importing.sources import Source, UnusableFile
from service.tickets.models import Message, Ticket, TicketCounter
from tests.service.importing.bringing import ImportDesk, Unwatched, json_lines

Records = list[dict[str, Any]]


def customers(*numbers: int) -> str:
    return json_lines(*({"id": f"cust_{number}", "name": f"Kim {number}"} for number in numbers))


def ids(desk: ImportDesk) -> list[str]:
    with desk.database.reading() as session:
        return sorted(session.scalars(select(Customer.id)))


def positions(desk: ImportDesk) -> Sequence[ImportPosition]:
    with desk.database.reading() as session:
        return session.scalars(select(ImportPosition)).all()


@contextmanager
def failing_after(desk: ImportDesk, kind: str, batches: int, error: Exception) -> Iterator[None]:
    """As when the database goes away between two batches."""
    real = desk.importer._kinds[kind].store
    done = 0

    def store(session: Session, accepted: Sequence[Any], *, actor: str) -> Sequence[Any]:
        nonlocal done
        outcomes = real(session, accepted, actor=actor)
        if done >= batches:
            raise error
        done += 1
        return outcomes

    desk.importer._kinds[kind].store = store
    yield
    desk.importer._kinds[kind].store = real


def test_it_goes_on_after_the_last_batch_that_was_committed(desk: ImportDesk) -> None:
    text = customers(*range(10))
    with failing_after(desk, "customers", 2, DatabaseUnavailable("gone")), pytest.raises(DatabaseUnavailable):
        desk.bring("customers", text, batch=3)
    assert len(ids(desk)) == 6
    assert positions(desk)[0].line == 6

    done = desk.bring("customers", text, batch=3)
    assert (done.after_line, done.now, done.figures) == (
        6,
        Figures(read=4, created=4),
        Figures(read=10, created=10),
    )
    assert len(ids(desk)) == 10
    assert positions(desk)[0].finished_at == desk.clock.now()


def test_a_batch_that_meets_another_writer_is_tried_again(desk: ImportDesk) -> None:
    real, calls = desk.importer._kinds["customers"].store, []

    def store(session: Session, accepted: Sequence[Any], *, actor: str) -> Sequence[Any]:
        calls.append(len(accepted))
        outcomes = real(session, accepted, actor=actor)
        if len(calls) < 3:
            raise IntegrityError("", {}, Exception())
        return outcomes

    desk.importer._kinds["customers"].store = store
    done = desk.bring("customers", customers(1, 2) + "no json\n")
    assert done.figures == Figures(read=3, created=2, rejected=1)
    assert calls == [2, 2, 2]
    assert [each["line"] for each in desk.rejected()] == [3]


def test_a_file_that_is_in_is_not_read_in_again_unless_it_is_asked_for(desk: ImportDesk) -> None:
    text = customers(1, 2)
    desk.bring("customers", text)
    again = desk.bring("customers", text, name="under another name.jsonl")
    assert (again.now.read, again.figures) == (0, Figures(read=2, created=2))
    anew = desk.bring("customers", text, restart=True)
    assert anew.figures == Figures(read=2, unchanged=2)


def test_another_content_is_another_file(desk: ImportDesk) -> None:
    desk.bring("customers", customers(1, 2))
    assert desk.bring("customers", customers(1, 3)).figures == Figures(read=2, created=1, unchanged=1)
    assert len(positions(desk)) == 2


def test_under_a_name_a_file_that_grew_is_gone_on_with(desk: ImportDesk) -> None:
    desk.bring("customers", customers(1, 2), given_name="nightly")
    done = desk.bring("customers", customers(1, 2, 3), given_name="nightly")
    assert (done.after_line, done.now) == (2, Figures(read=1, created=1))


def test_under_a_name_a_file_that_is_shorter_is_told(desk: ImportDesk) -> None:
    desk.bring("customers", customers(1, 2, 3), given_name="nightly")
    with pytest.raises(UnusableFile, match="is it another file"):
        desk.bring("customers", customers(7), given_name="nightly")
    assert desk.bring("customers", customers(7), given_name="nightly", restart=True).now.created == 1


def test_a_position_is_of_one_kind(desk: ImportDesk) -> None:
    desk.bring("customers", customers(1), given_name="nightly")
    assert desk.bring("orders", customers(1), given_name="nightly").now.rejected == 1


def test_of_two_runs_at_once_one_gives_up(desk: ImportDesk) -> None:
    text = customers(*range(6))

    class Intruder:
        def advanced(self, *, line: int, bytes_read: int) -> None:
            if line == 2:
                desk.importer.run(wish, Unwatched())

    wish = Wish(
        kind="customers",
        source=Source.at(str(desk.file(text, "records.jsonl")), None),
        rejects=desk.rejects,
        batch=2,
    )
    with pytest.raises(Overtaken):
        desk.importer.run(wish, Intruder())
    assert len(ids(desk)) == 6


def test_what_was_rejected_after_the_last_commit_is_told_once(desk: ImportDesk) -> None:
    text = customers(1) + "x\n" + customers(2) + "y\n" + customers(3) + "z\n"
    with failing_after(desk, "customers", 1, DatabaseUnavailable("gone")), pytest.raises(DatabaseUnavailable):
        desk.bring("customers", text, batch=2)
    done = desk.bring("customers", text, batch=2)
    assert [each["line"] for each in desk.rejected()] == [2, 4, 6]
    assert done.figures == Figures(read=6, created=3, rejected=3)


def test_a_dry_run_tells_what_is_wrong_and_writes_nothing_else(desk: ImportDesk) -> None:
    text = customers(1) + '{"id": "cust_2", "email": "no address"}\n'
    done = desk.bring("customers", text, dry_run=True)
    assert done.figures == Figures(read=2, rejected=1)
    assert [(each["line"], each["key"], list(each["errors"])) for each in desk.rejected()] == [
        (2, "cust_2", ["email"])
    ]
    assert (ids(desk), positions(desk)) == ([], [])
    assert desk.bring("customers", text).figures == Figures(read=2, created=1, rejected=1)


def test_where_nothing_is_rejected_no_file_is_left(desk: ImportDesk) -> None:
    desk.bring("customers", "x\n")
    assert desk.rejects.exists()
    desk.bring("customers", customers(1))
    assert not desk.rejects.exists()


def test_a_rejects_file_that_was_cut_in_a_line_is_mended(tmp_path) -> None:
    path = tmp_path / "rejects.jsonl"
    whole = Rejection(line=3, key="k" * 500, errors={"f" * 500: ["cure"]})
    path.write_bytes(whole.written() + b'{"line": 4, "ke')
    with RejectsFile(path, after_line=9) as rejects:
        rejects.write([Rejection(line=10, key=None, errors={})])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["line"] for line in lines] == [3, 10]
    assert len(lines[0]["key"]) == 200


def test_a_gigantic_batch_is_cut_by_what_it_weighs(desk: ImportDesk) -> None:
    heavy = [{"id": f"cust_{number}", "preferences": {"text": "x" * 900}} for number in range(300)]
    padded = "".join(json.dumps(each) + " " * 50_000 + "\n" for each in heavy)
    seen: list[int] = []

    class Noting:
        def advanced(self, *, line: int, bytes_read: int) -> None:
            seen.append(line)

    wish = Wish(
        kind="customers",
        source=Source.at(str(desk.file(padded, "records.jsonl")), None),
        rejects=desk.rejects,
        batch=10_000,
    )
    assert desk.importer.run(wish, Noting()).figures.created == 300
    assert len(seen) == 2


def test_a_key_with_blanks_around_it_is_the_same_key(desk: ImportDesk) -> None:
    told = {"customer_id": "cust_1", "subject": "Late"}
    text = json_lines({"external_id": "Z-1", **told}, {"external_id": " Z-1 ", **told})
    assert desk.bring("tickets", text).figures == Figures(read=2, created=1, unchanged=1)


def test_a_name_that_no_text_can_hold_is_written_with_question_marks(desk: ImportDesk) -> None:
    desk.bring("customers", customers(1), name="k\udcfcnden.jsonl")
    assert positions(desk)[0].name == "k?nden.jsonl"


# ---------------------------------------------------------------- batches of any size


ticket = st.fixed_dictionaries(
    {
        "external_id": st.sampled_from(["Z-1", "Z-2", "Z-3", "Z-4"]),
        "customer_id": st.sampled_from(["cust_1", "cust_2", "no good"]),
        "subject": st.just("Late"),
        "status": st.sampled_from(["open", "closed"]),
        "created_at": st.just("2025-11-02T09:00:00Z"),
        "messages": st.lists(
            st.fixed_dictionaries(
                {
                    "external_id": st.sampled_from(["m-1", "m-2", "m-3", "m-4", "m-5"]),
                    "from_agent": st.booleans(),
                    "content": st.just("Hello"),
                    "created_at": st.sampled_from([f"2025-11-02T{hour:02d}:00:00Z" for hour in range(9, 13)]),
                }
            ),
            max_size=3,
        ),
    }
)


def outcome(desk: ImportDesk) -> tuple[Any, ...]:
    kept = ("external_id", "status", "message_count", "last_message_at", "waiting_since", "first_response_at")
    with desk.database.reading() as session:
        tickets = session.execute(
            select(*(getattr(Ticket, name) for name in kept)).order_by(Ticket.external_id)
        ).all()
        messages = session.execute(
            select(Message.external_id, Ticket.external_id)
            .join(Ticket, Ticket.id == Message.ticket_id)
            .order_by(Message.external_id)
        ).all()
        counted = session.execute(
            select(TicketCounter.status, func.sum(TicketCounter.tickets))
            .group_by(TicketCounter.status)
            .having(func.sum(TicketCounter.tickets) != 0)
            .order_by(TicketCounter.status)
        ).all()
    return [tuple(row) for row in tickets], [tuple(row) for row in messages], [tuple(r) for r in counted]


def emptied(desk: ImportDesk) -> None:
    with desk.database.writing() as session:
        for table in (Message, Ticket, TicketCounter, ImportPosition):
            session.query(table).delete()


@pytest.mark.parametrize("engine_name", ["sqlite"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(records=st.lists(ticket, max_size=8), batch=st.integers(1, 8))
def test_batches_of_any_size_come_to_the_same(desk: ImportDesk, records: Records, batch: int) -> None:
    told = []
    for size in (1, batch):
        emptied(desk)
        done = desk.bring("tickets", json_lines(*records), batch=size, restart=True)
        told.append((done.figures, desk.rejected(), outcome(desk)))
    assert told[0] == told[1]
