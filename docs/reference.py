"""Writes `docs/API_REQUIREMENTS.md` from the service's own OpenAPI document: `make reference`."""  # noqa: INP001  # docs/ is no package

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from service.app import create_app
from service.settings import Settings
from service.wiring import Lifecycle

PAGE = Path(__file__).with_name("API_REQUIREMENTS.md")
METHODS = ("get", "post", "put", "patch", "delete")
REFERENCE = "#/components/schemas/"
PROBLEM = "Problem"

INTRODUCTION = """\
# API reference

Made from the OpenAPI document by `make reference`; do not edit. A running service serves the document
at `/openapi.json` and a page to try it at `/docs`. How to use the calls: [the guide](INTEGRATION_GUIDE.md).

Bodies are JSON in UTF-8, sent with `Content-Type: application/json`. Times are RFC 3339 in UTC. Clients
ignore fields that they do not know: fields may be added, none is renamed or removed. A value that is not
known is `null`. Every error is a [Problem](#problem), sent as `application/problem+json`.
"""

Json = Mapping[str, Any]


def openapi_document() -> dict[str, Any]:
    """As a service without any provider but the fallback would serve it; nothing is opened or started."""
    settings = Settings.parse(
        {
            "ENVIRONMENT": "test",
            "SECRET_KEY": "for the document alone, and nothing else",
            "DATABASE_URL": "sqlite://",
            "INTELLIGENCE_PROVIDERS": "fallback",
            "LOG_LEVEL": "ERROR",
        }
    )
    app = create_app(settings)
    lifecycle: Lifecycle = app.extensions["support.lifecycle"]
    try:
        document: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    finally:
        lifecycle.stop()
    return document


def page_of(document: Json) -> str:
    """The reference as Markdown."""
    schemas: Json = document["components"]["schemas"]
    operations = list(_operations(document))
    told = sorted({PROBLEM, *_reachable(schemas, operations)})
    parts = [INTRODUCTION, _contents(operations)]
    parts += [_operation(*operation) for operation in operations]
    parts += ["## Objects\n", *(_schema(name, schemas[name]) for name in told)]
    return "\n".join(parts)


Operation = tuple[str, str, Json, Sequence[Json]]
"""Method, path, the operation, and the parameters that its path shares with others."""


def _operations(document: Json) -> Iterator[Operation]:
    for path, entry in document["paths"].items():
        for method in METHODS:
            if method in entry:
                yield method.upper(), path, entry[method], entry.get("parameters", [])


def _contents(operations: Sequence[Operation]) -> str:
    rows = [
        f"| [`{method} {path}`](#{slug(f'{method} {path}')}) | {operation['summary']} "
        f"| {_permission(operation)} |"
        for method, path, operation, _ in operations
    ]
    return "\n".join(["## Calls\n", "| call | what it does | permission |", "|---|---|---|", *rows, ""])


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _permission(operation: Json) -> str:
    if operation.get("security") == []:
        return "public"
    named = re.search(r"permission (`[\w.]+`)", operation.get("description", ""))
    return named[1] if named else "any"


def _operation(method: str, path: str, operation: Json, shared: Sequence[Json]) -> str:
    lines = [f"### {method} {path}\n", f"{operation['summary']}. Permission: {_permission(operation)}.\n"]
    parameters = [entry for entry in [*shared, *operation.get("parameters", [])] if "name" in entry]
    if parameters:
        lines += ["| parameter | in | type | notes |", "|---|---|---|---|"]
        lines += [_parameter(parameter) for parameter in parameters]
        lines.append("")
    body = operation.get("requestBody")
    if body:
        needed = "" if body.get("required") else ", optional"
        lines.append(f"Body{needed}: {_type(_content_schema(body))}.\n")
    lines += ["| status | answer |", "|---|---|", *_answers(operation["responses"]), ""]
    return "\n".join(lines)


def _parameter(parameter: Json) -> str:
    schema = parameter["schema"]
    required = ["required"] if parameter.get("required") else []
    notes = "; ".join([*required, *_notes(schema)])
    return f"| `{parameter['name']}` | {parameter['in']} | {_type(schema)} | {notes} |"


def _answers(responses: Json) -> Iterator[str]:
    for status, response in sorted(responses.items()):
        schema = _content_schema(response)
        answer = f"[{PROBLEM}](#problem)" if schema is None else _type(schema)
        yield f"| {'any other' if status == 'default' else status} | {answer} |"


def _content_schema(part: Json) -> Json | None:
    """None where the document refers to a shared response: those are all problems."""
    for media in part.get("content", {}).values():
        schema: Json = media["schema"]
        return schema
    return None


def _reachable(schemas: Json, operations: Sequence[Operation]) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = [operation for _, _, operation, _ in operations]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            name = str(part.get("$ref", "")).removeprefix(REFERENCE)
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _schema(name: str, schema: Json) -> str:
    lines = [f"### {name}\n", "| field | type | notes |", "|---|---|---|"]
    required = schema.get("required", []) if _is_sent(schema) else []
    for field, kind in schema.get("properties", {}).items():
        notes = "; ".join([*(["required"] if field in required else []), *_notes(kind)])
        lines.append(f"| `{field}` | {_type(kind)} | {notes} |")
    return "\n".join([*lines, ""])


def _is_sent(schema: Json) -> bool:
    """Part of a body. What is answered has all of its fields, about which there is nothing to say."""
    return schema.get("additionalProperties") is False or len(schema.get("required", [])) < len(
        schema["properties"]
    )


def _type(schema: Json | None) -> str:
    """In words: `text`, `number or null`, `list of [Ticket](#ticket)`."""
    if not schema:
        return "anything"
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    kinds = schema.get("type", "anything")
    return " or ".join(_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(kind: str, schema: Json) -> str:
    if kind == "array":
        return f"list of {_type(schema.get('items'))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_type(schema['additionalProperties'])}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    return "time" if schema.get("format") == "date-time" and kind == "string" else words.get(kind, kind)


def _notes(schema: Json) -> Iterator[str]:
    if "enum" in schema:
        yield "one of " + ", ".join(f"`{choice}`" for choice in schema["enum"] if choice is not None)
    if schema.get("default") is not None and schema["default"] != []:
        yield f"default `{_plain(schema['default'])}`"
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
    ):
        if low in schema or high in schema:
            yield _bounds(schema.get(low), schema.get(high)) + unit
    if "description" in schema:
        yield schema["description"].rstrip(".")
    if "example" in schema:
        yield f"for example `{_plain(schema['example'])}`"


def _bounds(low: float | None, high: float | None) -> str:
    if high is None or high >= 2**53 - 1:
        return f"from {low}"
    return f"up to {high}" if low is None else f"{low} to {high}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def main() -> int:
    PAGE.write_text(page_of(openapi_document()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
