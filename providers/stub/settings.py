"""What QA sets for the stub."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from marshmallow import fields

from providers.settings import SettingsSchema


class StubSettingsSchema(SettingsSchema):
    script = fields.String(
        data_key="STUB_SCRIPT",
        load_default=None,
        metadata={"description": "JSON file of answers, faults and delays; read anew whenever it changes."},
    )
    record = fields.String(
        data_key="STUB_RECORD",
        load_default=None,
        metadata={"description": "File to which a JSON line is added for every question: ids, no texts."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StubSettings:
    script: Path | None = None
    record: Path | None = None

    @classmethod
    def parse(cls, environment: Mapping[str, str]) -> Self:
        named = StubSettingsSchema().parse(environment)
        return cls(**{field: Path(path) if path else None for field, path in named.items()})
