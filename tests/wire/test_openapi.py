import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wire.desk import Desk, running_desk

METHODS = {"get", "post", "put", "patch", "delete"}
RULE_ARGUMENT = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
FOREIGN = re.compile(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//|@import|url\(\s*[\"']?(?:https?:)?//")
JSON_TYPES = {"string", "number", "integer", "boolean", "array", "object", "null"}

Document = dict[str, Any]

MAYBE_EMPTY = {"/api/mcp/customer/random"}
"""They name nothing, and yet may find nothing."""

UNCOUNTED = {"/health", "/livez", "/readyz"}
OWN_KINDS = {
    "/metrics": "text/plain",
    "/api/audit/export": "text/csv",
    "/api/events/stream": "text/event-stream",
}
"""Other than JSON."""

POSTS_THAT_CREATE_NOTHING = {
    "accept_invitation",
    "change_password",
    "invite_agent",
    "issue_stream_ticket",
    "reactivate_agent",
    "refresh_session",
    "replay_dead_letters",
    "replay_delivery",
    "sign_in",
    "sign_out",
    "regenerate_draft",
    "regenerate_draft_response",
    "reset_conversation",
    "reset_provider_circuit",
    "reset_providers",
    "restore_ticket",
    "rotate_inbound_webhook",
}
"""Any other POST is marked `@idempotent`, or a retry after a lost answer makes a second one."""

ONCE_BY_THEIR_OWN_ID = {"receive_webhook"}
"""A signed webhook has an id, which does what the key does elsewhere."""

POSTS_OF_SECRETS = {"create_key", "create_inbound_webhook"}
"""Their answers must not be kept; the name, which is given once, makes a retry a 409."""

WAYS_IN = {
    *(f"/api/auth/{way}" for way in ("login", "refresh", "accept-invitation")),
    "/api/events/stream",
    "/api/inbound/{source_id}",
}
"""Open to all, and yet they refuse who brings the wrong thing."""


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    log_file = tmp_path_factory.mktemp("openapi") / "app.log"
    copy = shutil.copy(migrated_sqlite, log_file.with_name("desk.db"))
    with running_desk({"DATABASE_URL": f"sqlite:///{copy}", "LOG_FILE": str(log_file)}) as desk:
        yield desk


@pytest.fixture(scope="module")
def document(desk: Desk) -> Document:
    answer = desk.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    found: Document = answer.json()
    return found


def operations(document: Document) -> list[tuple[str, str, Document]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def every_object(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from every_object(child)
    elif isinstance(node, list):
        for child in node:
            yield from every_object(child)


def resolved(document: Document, node: Document) -> Document:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def test_it_is_openapi_3_1_with_title_and_version(document: Document) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"]
    assert document["info"]["version"]


def test_every_reference_leads_somewhere_and_stands_alone(document: Document) -> None:
    for node in every_object(document):
        if "$ref" in node:
            assert isinstance(resolved(document, node), dict)
            assert set(node) <= {"$ref", "description", "summary"}, node


def test_every_api_route_is_documented_and_nothing_else(desk: Desk, document: Document) -> None:
    routed = {
        (RULE_ARGUMENT.sub(r"{\1}", rule.rule), method.lower())
        for rule in desk.app.url_map.iter_rules()
        for method in rule.methods or ()
        if method.lower() in METHODS and not rule.rule.startswith("/docs") and rule.rule != "/openapi.json"
    }
    assert {(path, method) for path, method, _ in operations(document)} == routed


def test_every_operation_has_a_name_of_its_own_and_a_summary(document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)
    assert all(operation["summary"] and operation["tags"] for _, _, operation in operations(document))


def test_every_operation_tells_how_it_succeeds_and_how_it_refuses(document: Document) -> None:
    for path, method, operation in operations(document):
        responses = {status: resolved(document, told) for status, told in operation["responses"].items()}
        assert {"200", "201", "204"} & set(responses), (path, method)
        assert "default" in responses, (path, method)
        for status, told in responses.items():
            assert told["description"], (path, method, status)
            if status == "204":
                assert "content" not in told, (path, method)
                continue
            own_kind = OWN_KINDS.get(path, "application/json")
            refusal = status >= "400" and (path, status) != ("/health", "503")
            kind = "application/problem+json" if refusal else own_kind
            assert list(told["content"]) == [kind], (path, method, status)
            assert "schema" in told["content"][kind], (path, method, status)


def test_every_operation_tells_the_refusals_that_it_can_give(document: Document) -> None:
    for path, method, operation in operations(document):
        told = {status for status in operation["responses"] if status >= "400"}
        parameters = {resolved(document, one)["name"] for one in operation.get("parameters", [])}
        expected = {
            "401": operation.get("security") != [] or path in WAYS_IN,
            "403": operation.get("security") != [],
            "404": "{" in path or path in MAYBE_EMPTY,
            "429": path not in UNCOUNTED,
            "412": "If-Match" in parameters,
            **dict.fromkeys(("400", "413", "415"), "requestBody" in operation),
            **dict.fromkeys(("503", "default"), True),
        }
        assert told - {"409", "422"} == {status for status, can in expected.items() if can}, (
            method,
            path,
        )


def test_answers_leave_no_field_out_and_bodies_take_no_other(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["Ticket"]["required"]) == set(schemas["Ticket"]["properties"])
    assert "additionalProperties" not in schemas["Ticket"]
    assert schemas["NewTicket"]["required"] == ["customer_id", "subject"]
    assert schemas["NewTicket"]["additionalProperties"] is False


def test_no_parameter_is_ever_null_and_no_default_is_of_another_type(document: Document) -> None:
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            schema = resolved(document, parameter)["schema"]
            assert "null" not in schema.get("type", []), parameter
            assert None not in schema.get("enum", []), parameter
    assert all(node.get("default", 0) is not None for node in every_object(document["components"]["schemas"]))


def test_every_operation_that_takes_input_tells_422(document: Document) -> None:
    for path, method, operation in operations(document):
        if operation.get("requestBody") or any(
            resolved(document, parameter)["in"] == "query" for parameter in operation.get("parameters", [])
        ):
            assert "422" in operation["responses"], (path, method)


def test_every_argument_of_a_path_is_declared(document: Document) -> None:
    for path, methods in document["paths"].items():
        for method in METHODS & set(methods):
            parameters = [*methods.get("parameters", []), *methods[method].get("parameters", [])]
            told = [resolved(document, parameter) for parameter in parameters]
            declared = {parameter["name"] for parameter in told if parameter["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_every_schema_says_what_its_values_are(document: Document) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["type"] == "object", name
        for field, told in schema["properties"].items():
            typed = {"type", "$ref", "anyOf", "allOf", "enum", "const"} & set(told)
            assert typed or told.get("description"), f"{name}.{field}: {told}"
            types = told.get("type", [])
            assert set([types] if isinstance(types, str) else types) <= JSON_TYPES
            assert not (field.endswith("_at") or field == "as_of") or told.get("format") == "date-time", (
                name,
                field,
            )


def test_every_body_has_an_example(document: Document) -> None:
    for path, method, operation in operations(document):
        succeeded = [told for status, told in operation["responses"].items() if status in {"200", "201"}]
        bodies = [*succeeded, *([operation["requestBody"]] if "requestBody" in operation else [])]
        for body in bodies:
            for content in resolved(document, body)["content"].values():
                missing = list(without_example(document, content["schema"]))
                assert not missing, (path, method, missing)


def without_example(document: Document, schema: Document, place: str = "") -> Iterator[str]:
    """The values that a reader of the document has to guess."""
    if {"example", "examples", "enum", "const", "default"} & set(schema):
        return
    if "anyOf" in schema:
        schema = next(choice for choice in schema["anyOf"] if choice.get("type") != "null")
    schema = resolved(document, schema)
    if schema.get("properties"):
        for name, told in schema["properties"].items():
            yield from without_example(document, told, f"{place}.{name}")
    elif isinstance(schema.get("additionalProperties"), dict):
        yield from without_example(document, schema["additionalProperties"], f"{place}.*")
    elif schema.get("items"):
        yield from without_example(document, schema["items"], f"{place}[]")
    else:
        yield place


def test_who_may_call_is_told(document: Document) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["api_key"]["name"] == "X-API-Key"
    assert schemes["access_token"]["scheme"] == "bearer"
    open_to_all = {path for path, _, operation in operations(document) if operation.get("security") == []}
    assert open_to_all == {"/health", "/livez", "/readyz", "/api/auth/logout"} | WAYS_IN
    assert "admin" in document["paths"]["/api/admin/providers"]["get"]["description"]


def test_every_post_that_creates_takes_a_key_and_tells_what_comes_of_it(
    desk: Desk, document: Document
) -> None:
    posts = {
        operation["operationId"]: operation
        for _, method, operation in operations(document)
        if method == "post"
    }
    marked = {
        endpoint.rpartition(".")[2]
        for endpoint, view in desk.app.view_functions.items()
        if getattr(view, "idempotent", False)
    }
    assert set(posts) == marked | POSTS_THAT_CREATE_NOTHING | POSTS_OF_SECRETS | ONCE_BY_THEIR_OWN_ID
    assert not marked & POSTS_THAT_CREATE_NOTHING
    for name, operation in posts.items():
        told = [resolved(document, parameter)["name"] for parameter in operation.get("parameters", [])]
        assert ("Idempotency-Key" in told) is (name in marked), name
        assert (
            name in marked | POSTS_OF_SECRETS | ONCE_BY_THEIR_OWN_ID or "201" not in operation["responses"]
        ), name
        assert name not in marked or {"409", "422"} <= set(operation["responses"]), name


def test_real_answers_have_the_documented_fields(desk: Desk, document: Document) -> None:
    desk.new_ticket("cust_documented")
    for path in ("/api/ai/customers/{customer_id}/intelligence", "/api/tickets", "/health"):
        answer = desk.get(path.format(customer_id="cust_documented")).json()
        told = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert set(answer) == set(resolved(document, told)["properties"]), path


# ---------------------------------------------------------------- the page


def test_docs_leads_to_the_page(desk: Desk) -> None:
    answer = desk.get("/docs")
    assert answer.status_code in {301, 308}
    assert answer.headers["Location"].endswith("/docs/")


def test_the_page_and_all_it_loads_come_from_us(desk: Desk) -> None:
    page = desk.get("/docs/")
    assert page.status_code == 200
    assert not FOREIGN.search(page.text)
    assert '"/openapi.json"' in page.text
    assets = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(assets) >= 4
    for asset in assets:
        loaded = desk.get(asset)
        assert loaded.status_code == 200, asset
        assert len(loaded.content) > 100
    for style in (asset for asset in assets if asset.endswith(".css")):
        assert not FOREIGN.search(desk.get(style).text)


def test_the_page_may_load_nothing_from_elsewhere(desk: Desk) -> None:
    policy = desk.get("/docs/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_the_page_gives_out_no_other_files(desk: Desk) -> None:
    for path in ("/docs/../app.py", "/docs/%2e%2e/%2e%2e/setup.cfg", "/docs/etc/passwd", "/docs/nothing"):
        assert desk.get(path).status_code == 404, path
