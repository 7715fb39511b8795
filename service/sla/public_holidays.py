"""The public holidays of a country or a part of it, by the `holidays` library: reckoned a year at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache

import holidays

FIRST_YEAR, LAST_YEAR = 1970, 2100
"""Outside of these no holidays are told, nor outside of what the library knows of the country."""

LANGUAGE = "en_US"


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """Implements `working_time.Holidays`. `dated` win where a day has both."""

    country: str | None = None
    subdivision: str | None = None
    dated: Mapping[date, str] = field(default_factory=dict)

    def name_of(self, day: date) -> str | None:
        if (name := self.dated.get(day)) is not None:
            return name
        if self.country is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            return None
        return _year(self.country, self.subdivision, day.year).get(day)


@cache
def countries() -> Mapping[str, Sequence[str]]:
    """By ISO 3166-1 code, the codes of those parts that have holidays of their own."""
    return holidays.list_supported_countries(include_aliases=False)


@cache
def _localised() -> Mapping[str, Sequence[str]]:
    return holidays.list_localized_countries(include_aliases=False)


@lru_cache(maxsize=1_024)
def _year(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    """Named in English where the library does: else the machine's language would tell."""
    known = getattr(holidays, country)
    if not known.start_year <= year <= known.end_year:
        return {}
    language = LANGUAGE if LANGUAGE in _localised().get(country, ()) else None
    found = holidays.country_holidays(
        country, subdiv=subdivision, years=year, expand=False, observed=True, language=language
    )
    return {day: name for day, name in found.items() if day.year == year}
