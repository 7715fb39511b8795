"""How answers are dumped that are asked for most."""

from typing import Any

from marshmallow import Schema


class OfObjects(Schema):
    """Dumps what has every attribute and is no mapping: marshmallow itself asks about both for each field."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return getattr(obj, attr)

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        if many:
            return [self._serialize(one) for one in obj]
        return {
            name: field._serialize(  # noqa: SLF001  # the hook that fields override; its public caller asks
                self.get_attribute(obj, field.attribute or name, None)
                if field._CHECK_ATTRIBUTE  # noqa: SLF001  # False: a constant, or made of the whole object
                else None,
                name,
                obj,
            )
            for name, field in self.dump_fields.items()
        }
