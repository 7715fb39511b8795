import pytest

from service.http.idempotency import idempotent
from service.http.parsing import Blueprint

blueprint = Blueprint("parcels", __name__)


def create_parcel() -> dict[str, str]:
    return {"id": "parcel_1"}


def test_a_mark_below_the_answers_schema_would_keep_no_answer_and_is_refused() -> None:
    with pytest.raises(TypeError, match="goes above"):
        idempotent(create_parcel)


def test_a_mark_can_be_seen_on_the_view_that_is_registered() -> None:
    view = blueprint.post("/parcels")(idempotent(blueprint.response(201)(create_parcel)))
    assert view.idempotent
    assert view.__name__ == "create_parcel"
