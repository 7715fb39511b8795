"""Environment variables, parsed once into frozen dataclasses, all faults told at once."""

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, pre_load


class SettingsError(Exception):
    """`faults`: variable → what is wrong and the cure. Values are never repeated: some are secrets."""

    def __init__(self, faults: Mapping[str, list[str]]) -> None:
        lines = [f"{variable}: {' '.join(messages)}" for variable, messages in sorted(faults.items())]
        super().__init__("\n".join(lines))
        self.faults = dict(faults)


class SettingsSchema(Schema):
    """A group of environment variables: each field's `data_key` names one; an empty value counts as unset."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _drop_blank(self, environment: Mapping[str, str], **_: Any) -> dict[str, str]:
        return {name: value.strip() for name, value in environment.items() if value.strip()}

    def parse(self, environment: Mapping[str, str]) -> dict[str, Any]:
        try:
            settings: dict[str, Any] = self.load(environment)
        except ValidationError as error:
            faults: dict[str, list[str]] = error.messages_dict
            raise SettingsError(faults) from None
        return settings

    def parse_leniently(self, environment: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """The settings with defaults for the faulty ones, and the faults: so that later checks add theirs."""
        try:
            return self.parse(environment), {}
        except SettingsError as error:
            sound = {name: value for name, value in environment.items() if name not in error.faults}
            return self.parse(sound), error.faults

    @classmethod
    def variables(cls) -> list[str]:
        return [field.data_key or name for name, field in cls().fields.items()]
