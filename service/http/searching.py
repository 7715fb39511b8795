"""What people type to search, as a query parameter."""

from typing import Any

from marshmallow import ValidationError, fields

from service.http.fields import Text
from service.text_index import Phrase, searched_terms

LONGEST_SEARCH = 200
MOST_TERMS = 10
NO_WORD = "Must hold a word: at least one letter or digit."


class SearchTerms(fields.Field[tuple[Phrase, ...]]):
    """Words that all have to be there, and in quotes phrases."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[Phrase, ...]:
        terms = searched_terms(Text(LONGEST_SEARCH).deserialize(value, attr, data, **kwargs))
        if not terms:
            raise ValidationError(NO_WORD)
        if len(terms) > MOST_TERMS:
            raise ValidationError(f"Must be at most {MOST_TERMS} words or quoted phrases.")
        return terms
