"""What broken, confused or hostile clients send: requests that no endpoint may answer but with 4xx."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.wire.raw import chunked, request

JSON = ("Content-Type: application/json",)
TEN_MEGABYTES = b'{"subject":"' + b"a" * 10_000_000 + b'"}'
DEEP = 100_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """`field`: which the answer has to name; None where it is the whole request that is wrong."""

    about: str
    sent: bytes
    field: str | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`target` and `sound` are well-formed. `wrong`: field of the body → values of it that are not.

    A `bodyless` one ignores whatever body comes.
    """

    name: str
    method: str
    target: str
    id_in_path: str | None = None
    sound: Mapping[str, Any] = field(default_factory=dict)
    wrong: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    queries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bodyless: bool = False

    def cases(self) -> Iterator[Case]:
        if self.method != "GET" and not self.bodyless:
            yield from self._broken_bodies()
            yield from self._wrong_fields()
        yield from self._oversized()
        yield from self._wrong_queries()
        if self.id_in_path:
            yield from self._strange_paths(self.id_in_path)
        yield from self._strange_lines()

    def _send(self, body: bytes, headers: tuple[str, ...] = JSON) -> bytes:
        return request(self.method, self.target, body, headers=headers)

    def _broken_bodies(self) -> Iterator[Case]:
        for about, body in BROKEN_BODIES.items():
            yield Case(about=about, sent=self._send(body))
        sound = json.dumps(self.sound).encode()
        for content_type in WRONG_TYPES:
            yield Case(
                about=content_type, sent=self._send(sound or b"{}", (f"Content-Type: {content_type}",))
            )
        yield Case(about="no content type", sent=self._send(sound or b"{}", ()))
        yield Case(about="UTF-16", sent=self._send(sound.decode().encode("utf-16")))
        if len(sound) > 2:
            for cut in range(1, len(sound), max(1, len(sound) // 6)):
                yield Case(about=f"cut after {cut} bytes", sent=self._send(sound[:cut]))

    def _wrong_fields(self) -> Iterator[Case]:
        for name, values in self.wrong.items():
            for value in values:
                body = json.dumps({**self.sound, name: value}).encode()
                yield Case(about=f"{name}={value!r:.60}", sent=self._send(body), field=name)
        for name in UNKNOWN_FIELDS:
            body = json.dumps({**self.sound, name: "x"}).encode()
            yield Case(about=f"unknown {name:.40}", sent=self._send(body), field=name)
        for name in self.sound:
            body = json.dumps({key: value for key, value in self.sound.items() if key != name}).encode()
            yield Case(about=f"without {name}", sent=self._send(body), field=name)

    def _oversized(self) -> Iterator[Case]:
        yield Case(about="10 MB", sent=self._send(TEN_MEGABYTES))
        yield Case(
            about="10 MB in chunks", sent=chunked(self.method, self.target, TEN_MEGABYTES, headers=JSON)
        )

    def _wrong_queries(self) -> Iterator[Case]:
        for name, values in self.queries.items():
            for value in values:
                target = f"{self.target}?{name}={value}"
                sent = request(self.method, target, headers=JSON)
                yield Case(about=f"?{name}={value:.60}", sent=sent, field=name)

    def _strange_paths(self, id_in_path: str) -> Iterator[Case]:
        body = json.dumps(self.sound).encode() if self.method != "GET" else b""
        for strange in STRANGE_IDS:
            target = self.target.replace(id_in_path, strange)
            yield Case(
                about=f"path {strange:.40}",
                sent=request(self.method, target, body, headers=JSON if body else ()),
            )

    def _strange_lines(self) -> Iterator[Case]:
        for method in ("BREW", "TRACE", "get", "\x00", "G" * 5000):
            yield Case(about=f"method {method:.10}", sent=request(method, self.target))
        for header in STRANGE_HEADERS:
            head = f"{self.method} {self.target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            sent = f"{head}{header}\r\n\r\n".encode("latin-1")
            yield Case(about=f"header {header:.40}", sent=sent)


def _nested(opening: bytes, closing: bytes) -> bytes:
    return opening * DEEP + closing * DEEP


BROKEN_BODIES = {
    "raw lone surrogate": b'{"subject":"\xed\xa0\x80"}',
    "escaped lone high surrogate": rb'{"subject":"\ud800"}',
    "escaped lone low surrogate": rb'{"content":"\udc00 x"}',
    "surrogates the wrong way round": rb'{"content":"\udc00\ud800"}',
    "raw NUL": b'{"subject":"\x00"}',
    "raw control character": b'{"subject":"\x1b"}',
    "invalid UTF-8": b'{"subject":"\xff\xfe"}',
    "overlong UTF-8": b'{"subject":"\xc0\xaf"}',
    "cut UTF-8": b'{"subject":"\xf0\x9f\x93"}',
    "NaN": b'{"customer_id":NaN}',
    "Infinity": b'{"customer_id":Infinity}',
    "-Infinity": b'{"customer_id":-Infinity}',
    "1e999": b'{"customer_id":1e999}',
    "5,000 digits": b'{"customer_id":' + b"9" * 5_000 + b"}",
    "nested arrays": _nested(b"[", b"]"),
    "unclosed arrays": b"[" * DEEP,
    "nested objects": _nested(b'{"a":', b"}").replace(b":}", b":1}", 1),
    "deep field": b'{"tags":' + _nested(b"[", b"]") + b"}",
    "null": b"null",
    "true": b"true",
    "number": b"5",
    "text": b'"text"',
    "array": b"[]",
    "array of objects": b'[{"subject":"x"}]',
    "empty text": b'""',
    "blank": b"   ",
    "garbage": b"\x00\x01\x02\x03",
    "brace": b"{",
    "single quotes": b"{'subject':'x'}",
    "bare key": b'{subject:"x"}',
    "trailing comma": b'{"subject":"x",}',
    "two documents": b"{}{}",
    "comment": b'{"subject":"x"} // y',
    "leading zeros": b'{"subject":007}',
    "hexadecimal": b'{"subject":0x10}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "bad escape": rb'{"subject":"\x41"}',
    "half an escape": rb'{"subject":"\u12"}',
    "form": b"subject=x&customer_id=y",
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>",
    "a field name of 900,000 characters": b'{"' + b"x" * 900_000 + b'":1}',
    "50,000 unknown fields": b"{" + b",".join(b'"f%d":1' % number for number in range(50_000)) + b"}",
}
WRONG_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/octet-stream",
    "nonsense",
)
UNKNOWN_FIELDS = (
    "is_admin",
    "scopes",
    "actor",
    "__proto__",
    "constructor",
    "__class__",
    "deleted_at",
    "version",
    "ref",
    "",
    "tags.0",
    "x" * 300,
)
"""Privileged ones among them: nobody may set what the desk keeps."""

STRANGE_IDS = (
    *("%00", "a%00b", "%0a", "%0d%0aSet-Cookie:%20a=b", "%1b%5b31m", "%7f", "%80", "%ff", "%fe%ff", "%c0%af"),
    *("%ed%a0%80", "%2f", "..%2f..%2fetc%2fpasswd", "%2e%2e", "%2e", "%25", "%2500", "%", "%zz", "%u0041"),
    *("a" * 201, "a" * 8_000, "%F0%9F%93%A6" * 60, "%27%20OR%201=1%20--", "%22", "%3Cscript%3E", "%5c", "*"),
    *("{}", "$%7Bx%7D", "%7B%7B7*7%7D%7D", ";", ":", "@", "null", "undefined", "-1", "0", "1e309", "NaN"),
    *("%E2%80%AE", "%20", "+", "%3Fa=b", "%23", "a;b=c", "%26", ",", "%EF%BB%BF", "%CC%81", "~", "%7E", "="),
)
STRANGE_HEADERS = (
    "Content-Length: -1",
    "Content-Length: 99999999999999999999999",
    "Content-Length: 1, 2",
    "Content-Length: ten",
    "Transfer-Encoding: chunked\r\n\r\nzz",
    "No colon here",
    "X-Long: " + "a" * 300_000,
)

NOT_TEXT = (1, 1.5, True, [], {}, ["x"], {"a": 1}, 2**63, -(2**63) - 1, 10**30, 1e300)
BAD_TEXT = (*NOT_TEXT, "", " \n\t", "\x00", "a\x00b")
BAD_CHOICE = (*NOT_TEXT, "", "OPEN ", "none", "open\x00", "x" * 100_000, "__class__", None)
BAD_ID = (
    *NOT_TEXT,
    "",
    " ",
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "a%b",
    "a\\b",
    "a\nb",
    "\x00",
    "\x7f",
    "x" * 201,
    ".",
    "..",
)
BAD_FLAG = ("maybe", "", 2, -1, 0.5, [], {}, [True], 2**63, "x" * 100_000)
BAD_EMAIL = (
    *NOT_TEXT,
    *("x", "@", "a@", "@b.c", "a@b", "a b@c.de", "a@b..de", "a\x00@b.de", "x" * 900_000),
    *(
        "a" * 310 + "@example.com",
        "a@" + "a." * 200_000,
        '"' + "\\" * 100_000 + "@b.de",
        "." * 100_000 + "@b.de",
    ),
)
BAD_TAGS = (
    *("x", 1, True, {}, None, [1], [None], [[]], [{}], [""], [" "], ["\x00"], ["x" * 101]),
    *(["x"] * 51, ["ok", 2**70]),
)
BAD_WHOLE = (
    *("0", "-1", "1.5", "1e1", "x", "NaN", "Infinity", "", "%00", "0x10", "1;2", "9" * 30, "9" * 5_000),
    *("9223372036854775808", "-9223372036854775809", "true", "null", "[]", "%F0%9F%93%A6", "1%2C2"),
)
BAD_WORD = ("", "OPEN", "open%00", "%00", "x" * 5_000, "%F0%9F%93%A6", "[]", "%7B%7D", "open,closed")


def cursor_of(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


BAD_CURSORS = (
    *("x", "%00", "%F0%9F%93%A6", "A" * 399, "A" * 401, "====", quote("../../etc/passwd", safe=""), "bnVsbA"),
    *(cursor_of(value) for value in (None, 5, "x", [], {}, [1, 2], ["2026-01-01T00:00:00Z"], ["x", "y"])),
    cursor_of(["2026-01-01T00:00:00Z", "\x00"]),
    cursor_of(["2026-01-01T00:00:00Z", None]),
    cursor_of(["2026-01-01T00:00:00", "ticket_1"]),
    cursor_of(["0001-01-01T00:00:00+14:00", "ticket_1"]),
    cursor_of(["9999-12-31T23:59:59-14:00", "ticket_1"]),
    cursor_of(["2026-01-01T00:00:00Z", "ticket_1", "more"]),
    base64.urlsafe_b64encode(b"[" * 250).decode().rstrip("="),
    base64.urlsafe_b64encode(rb'["2026-01-01T00:00:00Z","\ud800"]').decode().rstrip("="),
)

HISTORY_CURSORS = (
    *BAD_CURSORS,
    *(cursor_of(["2026-01-01T00:00:00Z", row]) for row in ("", "x", "-1", "1.5", "1e3", "\u0661", "9" * 19)),
)

BAD_CUSTOM_FIELDS = (
    *("x", 1, True, [], None, ["x"], {"nope": 1}, {"": 1}, {"a": []}, {"a": {"b": 1}}, {"\x00": 1}),
    *({"x" * 65: 1}, {"a": 2**70}, {f"f{number}": 1 for number in range(101)}),
)
BAD_ATTACHMENTS = (
    *("x", 1, True, {}, None, [1], [None], [[]], [{}], [{"name": "a"}], [{"url": "https://a.example/b"}]),
    *([{"name": "a", "url": url}] for url in (*BAD_TEXT, "x", "javascript:x", "//a.example", "http://")),
    [{"name": "a", "url": "https://a.example/" + "b" * 2_000}],
    [{"name": "a", "url": "https://a.example/b", "size_bytes": -1}],
    [{"name": "a", "url": "https://a.example/b"}] * 21,
)
BAD_CHOICES = ("x", 1, True, {}, [], [1], [None], [""], ["\x00"], ["x" * 201], ["x"] * 201, ["a"])
BAD_LABEL = (*BAD_TEXT, "x" * 201)

NEW_TICKET = {"customer_id": "cust_123", "subject": "Where is it?"}
NEW_TICKET_WRONG = {
    "customer_id": (*BAD_ID, None),
    "subject": (*BAD_TEXT, None, "x" * 501),
    "channel": BAD_CHOICE,
    "priority": BAD_CHOICE,
    "status": BAD_CHOICE,
    "tags": BAD_TAGS,
    "assigned_to": BAD_LABEL,
    "team_id": (*BAD_TEXT, "x" * 65, "team_none"),
    "external_id": BAD_LABEL,
    "custom_fields": BAD_CUSTOM_FIELDS,
    "initial_message": (*BAD_TEXT, "x" * 100_001),
    "author_name": (*BAD_TEXT, "x" * 201),
    "author_email": BAD_EMAIL,
}
NEW_MESSAGE_WRONG = {
    "content": (*BAD_TEXT, None, "x" * 100_001),
    "from_agent": (*BAD_FLAG, None),
    "send_to_customer": (*BAD_FLAG, None),
    "close_ticket": (*BAD_FLAG, None),
    "draft_id": BAD_ID,
    "attachments": BAD_ATTACHMENTS,
    "author_name": (*BAD_TEXT, "x" * 201),
    "author_email": BAD_EMAIL,
}
CHANGE_WRONG = {
    "status": BAD_CHOICE,
    "priority": BAD_CHOICE,
    "subject": (*BAD_TEXT, None, "x" * 501),
    "assigned_to": BAD_LABEL,
    "team_id": (*BAD_TEXT, "x" * 65, "team_none"),
    "external_id": BAD_LABEL,
    "tags": BAD_TAGS,
    "add_tags": BAD_TAGS,
    "remove_tags": BAD_TAGS,
    "custom_fields": BAD_CUSTOM_FIELDS,
    "customer_id": ("cust_9",),
    "channel": ("sms",),
}
NEW_NOTE_WRONG = {
    "content": (*BAD_TEXT, None, "x" * 100_001),
    "author_name": BAD_LABEL,
    "author_id": BAD_LABEL,
}
NEW_FIELD = {"key": "batch", "label": "Batch", "type": "text"}
NEW_FIELD_WRONG = {
    "key": (*BAD_TEXT, None, "A", "9a", "a-b", "a b", "a" * 65),
    "label": (*BAD_LABEL, None),
    "type": BAD_CHOICE,
    "choices": BAD_CHOICES,
}
DRAFT_OPTIONS_WRONG = {
    "tone": BAD_CHOICE[:-1],
    "length": BAD_CHOICE[:-1],
    "include_offer": (*BAD_FLAG, None),
    "template": (*BAD_TEXT, "x" * 2_001),
    "include_actions": (
        *("x", 1, True, {}, None, ["x"], [1.5], [-1], [100], [2**63], [10**30], [True], [None], [[]], [{}]),
        [0] * 21,
    ),
}
TOPIC_ALERTS = (
    "%00",
    "a,%00",
    "!!!",
    "a,!!!",
    "x" * 101,
    ",".join("abcdefghijklmnopqrstu"),
    "a," * 20 + "b" * 5_000,
)
LIST_QUERIES = {
    "page": BAD_WHOLE,
    "limit": (*BAD_WHOLE, "101"),
    "status": BAD_WORD,
    "priority": BAD_WORD,
    "channel": BAD_WORD,
    "sort": (*BAD_WORD, "id;drop", "-created_at"),
    "order": BAD_WORD,
    "customer_id": ("", "%00", "a%20b", "a%2Fb", "x" * 201, ".."),
    "tag": ("", "%00", "%20", "x" * 101),
    "assigned_to": ("", "%00", "%20", "x" * 201),
    "team_id": ("", "%00", "%20", "x" * 65),
    "cursor": (
        *BAD_CURSORS,
        cursor_of(["2026-01-01T00:00:00Z", "ticket_1"]),
        *(
            cursor_of(["2099-01-01T00:00:00Z", score, "ticket_1", False, 7, []])
            for score in ("1", None, [], True)
        ),
        *(cursor_of(["2099-01-01T00:00:00Z", 1.5, row, False, 7, []]) for row in (None, 7, "\x00")),
        cursor_of(["2099-01-01T00:00:00", 1.5, "ticket_1", False, 7, []]),
        cursor_of(["2026-01-01T00:00:00Z", 1.5, "ticket_1", False, 7, []]),
        cursor_of(["2099-01-01T00:00:00Z", 1.5, "ticket_1", 1, 7, []]),
        cursor_of(["2099-01-01T00:00:00Z", 1.5, "ticket_1", False]),
        *(
            cursor_of(["2099-01-01T00:00:00Z", 1.5, "ticket_1", False, *moment])
            for moment in ((-1, []), (2**63, []), ("7", []), (None, []), (7, None), (7, [-1]), (7, ["1"]))
        ),
        base64.urlsafe_b64encode(b'["2026-01-01T00:00:00Z",1e999,"t",true]').decode().rstrip("="),
    ),
    "smart_order": ("", "maybe", "2", "%00", "TRUE%20", "[]"),
    "q": ("", "%20", "%00", "a%00b", "!!!", "%22%22", "x" * 201, "a+b+c+d+e+f+g+h+i+j+k", "%F0%9F%93%A6"),
    "topic_alerts": TOPIC_ALERTS,
}


BAD_DAY = (
    *BAD_WHOLE,
    *("2026", "2026-1-1", "2026-02-30", "2026-13-01", "2026-01-01T25:00:00Z", "2026-01-01T10:00:00"),
    *("2026-01-01T10:00:00+25:00", "2026-01-01T10:00:00%2001:00", "0001-01-01", "9999-12-31", "2026-W01-1"),
    *("1999-12-31", "2200-01-01", "2026-01-01T23:59:60Z", "%D9%A2026-01-01", "2026-01-01%00", "yesterday"),
    *("2026-01-01'%20OR%20'1'='1", "2026-01-01T10:00:00.1234567Z"),
)
DRAFT_QUERIES = {
    "from": (*BAD_DAY, "2199-12-31", "2001-01-01"),
    "to": BAD_DAY,
    "provider": ("", "%20", "%00", "a%00b", "x" * 51),
    "tone": (*BAD_WORD, "grumpy", "Friendly"),
}

PAGES = {name: LIST_QUERIES[name] for name in ("page", "limit")} | {"cursor": HISTORY_CURSORS}
PAGES_EITHER_WAY = PAGES | {"order": BAD_WORD}


def of_tickets(ticket_id: str) -> list[Endpoint]:
    ticket, of_ticket = f"/api/tickets/{ticket_id}", {"id_in_path": ticket_id}
    message, of_message = "/api/messages/message_none", {"id_in_path": "message_none"}
    field, of_field = "/api/ticket-fields/none", {"id_in_path": "none"}
    edited = {"content": (*BAD_TEXT, None, "x" * 100_001), "from_agent": (True,)}
    written = {"sound": {"content": "Hello"}}

    def bodyless(name: str, method: str, target: str, id_in_path: str) -> Endpoint:
        return Endpoint(name=name, method=method, target=target, id_in_path=id_in_path, bodyless=True)

    def listed(name: str, below: str, queries: Mapping[str, Sequence[str]]) -> Endpoint:
        return Endpoint(name=name, method="GET", target=f"{ticket}/{below}", queries=queries, **of_ticket)

    return [
        Endpoint(name="change_ticket", method="PATCH", target=ticket, wrong=CHANGE_WRONG, **of_ticket),
        bodyless("delete_ticket", "DELETE", ticket, ticket_id),
        bodyless("restore_ticket", "POST", f"{ticket}/restore", ticket_id),
        bodyless("reset_conversation", "POST", f"{ticket}/reset-conversation", ticket_id),
        listed("list_ticket_events", "events", PAGES_EITHER_WAY),
        listed("list_messages", "messages", PAGES_EITHER_WAY),
        listed("list_notes", "notes", PAGES),
        Endpoint(
            name="add_note",
            method="POST",
            target=f"{ticket}/notes",
            wrong=NEW_NOTE_WRONG,
            **of_ticket,
            **written,
        ),
        Endpoint(name="edit_message", method="PATCH", target=message, wrong=edited, **of_message, **written),
        bodyless("delete_message", "DELETE", message, "message_none"),
        Endpoint(
            name="create_ticket_field",
            method="POST",
            target="/api/ticket-fields",
            sound=NEW_FIELD,
            wrong=NEW_FIELD_WRONG,
        ),
        Endpoint(
            name="change_ticket_field",
            method="PATCH",
            target=field,
            wrong={"label": (*BAD_LABEL, None), "choices": (*BAD_CHOICES[:-1], None), "type": ("text",)},
            **of_field,
        ),
        bodyless("archive_ticket_field", "DELETE", field, "none"),
    ]


def endpoints(ticket_id: str, customer_id: str) -> list[Endpoint]:
    """Every endpoint that takes anything, on a ticket and a customer that exist."""
    ticket, ai = f"/api/tickets/{ticket_id}", f"/api/ai/tickets/{ticket_id}"
    customer = f"/api/ai/customers/{customer_id}"
    of_ticket, of_customer = {"id_in_path": ticket_id}, {"id_in_path": customer_id}
    options = {"wrong": DRAFT_OPTIONS_WRONG}
    switched, whose = "/api/admin/providers/fallback", {"id_in_path": "fallback"}
    reason = {"reason": (*BAD_TEXT, None, "x" * 501)}
    regenerate, change = f"{ai}/regenerate-draft", f"{ai}/recommendation/actions/0"
    return [
        Endpoint(name="list_tickets", method="GET", target="/api/tickets", queries=LIST_QUERIES),
        Endpoint(
            name="create_ticket",
            method="POST",
            target="/api/tickets",
            sound=NEW_TICKET,
            wrong=NEW_TICKET_WRONG,
        ),
        Endpoint(name="read_ticket", method="GET", target=ticket, **of_ticket),
        Endpoint(
            name="read_score_breakdown",
            method="GET",
            target=f"{ticket}/score-breakdown",
            queries={"topic_alerts": TOPIC_ALERTS},
            **of_ticket,
        ),
        *of_tickets(ticket_id),
        Endpoint(
            name="list_customer_tickets",
            method="GET",
            target=f"/api/customers/{customer_id}/tickets",
            queries={name: LIST_QUERIES[name] for name in ("page", "limit")} | {"cursor": BAD_CURSORS},
            **of_customer,
        ),
        Endpoint(
            name="add_message",
            method="POST",
            target=f"{ticket}/messages",
            sound={"content": "Hello"},
            wrong=NEW_MESSAGE_WRONG,
            **of_ticket,
        ),
        Endpoint(name="read_intelligence", method="GET", target=f"{customer}/intelligence", **of_customer),
        Endpoint(name="read_churn", method="GET", target=f"{customer}/churn", **of_customer),
        Endpoint(
            name="read_ltv",
            method="GET",
            target=f"{customer}/ltv",
            queries={"horizon_months": (*BAD_WHOLE, "37")},
            **of_customer,
        ),
        Endpoint(
            name="read_draft_report", method="GET", target="/api/analytics/drafts", queries=DRAFT_QUERIES
        ),
        Endpoint(name="read_draft", method="GET", target=f"{ai}/draft-response", **of_ticket),
        Endpoint(name="regenerate_draft", method="POST", target=regenerate, **options, **of_ticket),
        Endpoint(
            name="regenerate_draft_response",
            method="POST",
            target=f"{ai}/draft-response/regenerate",
            **options,
            **of_ticket,
        ),
        Endpoint(name="read_recommendation", method="GET", target=f"{ai}/recommendation", **of_ticket),
        Endpoint(
            name="change_action",
            method="PATCH",
            target=change,
            sound={"completed": True},
            wrong={"completed": (*BAD_FLAG, None)},
            **of_ticket,
        ),
        Endpoint(
            name="list_provider_changes",
            method="GET",
            target="/api/admin/providers/history",
            queries={"page": BAD_WHOLE, "limit": (*BAD_WHOLE, "101"), "cursor": HISTORY_CURSORS},
        ),
        Endpoint(name="read_provider", method="GET", target=switched, **whose),
        Endpoint(
            name="change_provider",
            method="PATCH",
            target=switched,
            sound={"enabled": True, "reason": "It is back."},
            wrong=reason
            | {"enabled": (*BAD_FLAG, None), "position": (0, -1, 101, 1.5, True, "x", [], {}, None, 2**63)},
            **whose,
        ),
        Endpoint(
            name="reset_providers",
            method="POST",
            target="/api/admin/providers/reset",
            sound={"reason": "Enough."},
            wrong=reason,
        ),
        Endpoint(
            name="reset_provider_circuit",
            method="POST",
            target=f"{switched}/reset-circuit",
            sound={"reason": "It is back."},
            wrong=reason,
            **whose,
        ),
    ]
