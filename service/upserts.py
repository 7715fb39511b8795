"""What became of a record that is brought by its external id, again and again."""

from enum import StrEnum


class Upsert(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
