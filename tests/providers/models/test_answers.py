import pytest

from providers.models import Archetype, CustomerIntelligence, Draft, Predictions, Provenance, Source
from providers.testing.fakes import EPOCH

FRESH = Provenance(provider="quimbi", source=Source.FRESH, as_of=EPOCH)


def draft(**changes: str) -> Draft:
    return Draft(
        **{"provenance": FRESH, "content": "Hello", "tone": "friendly", "channel": "email"} | changes
    )


@pytest.mark.parametrize("text", ["with \x00 in it", "with \ud800 in it", " "])
def test_a_draft_that_cannot_be_stored_or_sent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"draft"):
        draft(content=text)


def test_labels_have_a_length_that_every_store_takes() -> None:
    with pytest.raises(ValueError, match="tone"):
        draft(tone="x" * 51)
    with pytest.raises(ValueError, match="churn_risk_level"):
        Predictions(churn_risk_level="x" * 51)
    with pytest.raises(ValueError, match="archetype id"):
        Archetype(id="x" * 201, level="L2")
    with pytest.raises(ValueError, match="currency"):
        CustomerIntelligence(provenance=FRESH, customer_id="c", currency="EURO")
