"""Where marshmallow's fields, dumped as JSON schemas, say less or other than is true: put right, in place."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def put_right(document: Json) -> None:
    for schema in _schemas(document):
        _count_properties(schema)
        if schema.get("default", ...) is None:
            del schema["default"]  # what is left out is not null, nor always may be
    for parameter in _parameters(document):
        _never_null(parameter["schema"])
    _tell_what_is_closed(document)


def _count_properties(schema: Json) -> None:
    """A bound on the size of a mapping is one on its properties."""
    if "object" in _types(schema):
        for kind in ("min", "max"):
            if f"{kind}Length" in schema:
                schema[f"{kind}Properties"] = schema.pop(f"{kind}Length")


def _never_null(schema: Json) -> None:
    """There is no null in a query or a header."""
    types = [kind for kind in _types(schema) if kind != "null"]
    if types:
        schema["type"] = types[0] if len(types) == 1 else types
    if "enum" in schema:
        schema["enum"] = [choice for choice in schema["enum"] if choice is not None]


def _tell_what_is_closed(document: Json) -> None:
    """Unknown fields of a body are refused. Answers may gain fields, and leave none out that they have."""
    schemas: Json = document["components"]["schemas"]
    operations = list(_operations(document))
    sent = _reachable(schemas, [operation.get("requestBody") for operation in operations])
    answered = _reachable(schemas, [operation["responses"] for operation in operations])
    for name in answered:
        schemas[name].pop("additionalProperties", None)
    for name in answered - sent:
        schemas[name].setdefault("required", sorted(schemas[name]["properties"]))


def _reachable(schemas: Json, waiting: list[Any]) -> set[str]:
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def _types(schema: Json) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from (told for method, told in path.items() if method != "parameters")


def _parameters(document: Json) -> Iterator[Json]:
    for operation in _operations(document):
        yield from (told for told in operation.get("parameters", []) if "schema" in told)


def _schemas(document: Json) -> Iterator[Json]:
    """All schemas, and those within them."""
    waiting = [*document["components"]["schemas"].values()]
    waiting += [parameter["schema"] for parameter in _parameters(document)]
    while waiting:
        schema = waiting.pop()
        yield schema
        within = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
        within += [schema[part] for part in ("items", "additionalProperties") if part in schema]
        waiting += [part for part in within if isinstance(part, dict)]
