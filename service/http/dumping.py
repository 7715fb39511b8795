"""How answers are dumped that are asked for most."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from marshmallow import Schema, fields

AS_IT_IS = frozenset(
    kind._serialize  # noqa: SLF001  # the hook that fields override: whether one does is what counts
    for kind in (fields.String, fields.Boolean, fields.Raw)
)
"""Of fields whose values are JSON already, where the objects hold what the fields tell."""

Tells = Callable[[Any, str, Any], Any]
"""What a field makes of a value, its name and the whole object."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """`read` fetches all values in one go; those of `others` are then made into JSON."""

    names: tuple[str, ...]
    read: Callable[[Any], tuple[Any, ...]]
    others: tuple[tuple[str, Tells], ...]


class OfObjects(Schema):
    """Dumps what has every attribute and is no mapping: marshmallow itself asks about both for each field.

    Text, whole numbers, flags and plain dictionaries go out as they are: the objects must hold such.
    """

    _plan: _Plan | None = None

    def place(self, attribute: str) -> str:
        """Where an object has it, with dots for attributes of attributes."""
        return attribute

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return getattr(obj, attr)

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        if many:
            return [self._serialize(one) for one in obj]
        plan = self._plan
        if plan is None:
            plan = self._plan = self._planned()
        told = dict(zip(plan.names, plan.read(obj), strict=True))
        for name, tells in plan.others:
            told[name] = tells(told[name], name, obj)
        return told

    def _planned(self) -> _Plan:
        if type(self).get_attribute is not OfObjects.get_attribute:
            read: Callable[[Any], tuple[Any, ...]] = self._each_by_itself
        else:
            read = attrgetter(*self._places())
        others = ((name, _tells(field)) for name, field in self.dump_fields.items() if not _as_it_is(field))
        return _Plan(tuple(self.dump_fields), read, tuple(others))

    def _places(self) -> Iterator[str]:
        """What is no attribute, a constant say, takes the place of another; there must be two at least."""
        attributes = {
            name: field.attribute or name
            for name, field in self.dump_fields.items()
            if field._CHECK_ATTRIBUTE  # noqa: SLF001  # False: a constant, or made of the whole object
        }
        another = next(iter(attributes.values()))
        return (self.place(attributes.get(name, another)) for name in self.dump_fields)

    def _each_by_itself(self, obj: Any) -> tuple[Any, ...]:
        return tuple(
            self.get_attribute(obj, field.attribute or name, None)
            if field._CHECK_ATTRIBUTE  # noqa: SLF001  # as above
            else None
            for name, field in self.dump_fields.items()
        )


class Rows(fields.List[Any]):
    """As many objects of one schema as there are."""

    def __init__(self, schema: type[OfObjects], **options: Any) -> None:
        super().__init__(fields.Nested(schema), **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        if value is None:
            return None
        one: Any = self.inner
        told: list[Any] = one.schema.dump(value, many=True)
        return told


def _as_it_is(field: fields.Field[Any]) -> bool:
    if isinstance(field, fields.Integer):
        return type(field)._serialize is fields.Integer._serialize and not field.as_string  # noqa: SLF001
    if type(field) is fields.Dict:
        return field.key_field is None and field.value_field is None
    return type(field)._serialize in AS_IT_IS  # noqa: SLF001  # as above


def _tells(field: fields.Field[Any]) -> Tells:
    if isinstance(field, fields.Nested) and type(field)._serialize is fields.Nested._serialize:  # noqa: SLF001
        return _nested(field)
    return field._serialize  # noqa: SLF001  # its public caller asks for the attribute again


def _nested(field: fields.Nested) -> Tells:
    def told(value: Any, _name: str, _obj: Any) -> Any:
        return None if value is None else field.schema.dump(value, many=field.many)

    return told
