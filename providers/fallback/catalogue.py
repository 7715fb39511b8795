"""The fallback's words, one catalogue per language, read from `locales/*.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec

BASE_LOCALE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """How one kind of channel speaks. Openings and `next_step` go by tone, `ask` by situation."""

    separator: str
    greeting: str
    opening: Mapping[str, str]
    follow_up: Mapping[str, str]
    ask: Mapping[str, str]
    next_step: Mapping[str, str]
    extra: str
    sign_off: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    action: str
    reasoning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a ticket is about, known by `words` in it."""

    words: frozenset[str]
    actions: tuple[Advice, ...]
    talking_points: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warnings:
    general_advice: str
    no_offer: str
    no_template: str
    no_actions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`situations` are tried in their order; the last has no words and takes what is left."""

    guidance: tuple[str, ...]
    drafts: Mapping[str, Register]
    situations: Mapping[str, Situation]
    warnings: Warnings


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """By lower-case language tag."""
    return {
        entry.name.removesuffix(".json"): msgspec.json.decode(entry.read_bytes(), type=Catalogue)
        for entry in resources.files("providers.fallback.locales").iterdir()
        if entry.name.endswith(".json")
    }


def catalogue_for(locale: str) -> Catalogue:
    """The nearest there is: `de-AT` → `de-at` → `de` → English."""
    available = catalogues()
    tag = locale.replace("_", "-").lower()
    while tag:
        if tag in available:
            return available[tag]
        tag = tag.rpartition("-")[0]
    return available[BASE_LOCALE]
