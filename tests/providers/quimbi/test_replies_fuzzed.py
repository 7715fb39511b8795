"""Whatever comes: an answer or `InvalidAnswer`, and an answer that can be kept."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.codec import decode_answer, encode
from providers.errors import InvalidAnswer
from providers.models import Answer, Capability
from providers.quimbi.payloads.analysis import parse_analysis
from providers.quimbi.payloads.drafts import parse_draft
from providers.quimbi.payloads.predictions import parse_churn, parse_ltv
from providers.quimbi.payloads.reading import Reply
from providers.quimbi.payloads.recommendations import parse_recommendation
from tests.providers.quimbi import samples

Parse = Callable[[Reply], Answer]

PARSERS: dict[Capability, tuple[Parse, list[dict[str, Any]]]] = {
    Capability.ANALYZE: (
        lambda reply: parse_analysis(reply, samples.ANALYSIS, **samples.FACTS),
        [samples.DOCUMENTED_ANALYSIS, samples.DEPLOYED_ANALYSIS],
    ),
    Capability.CHURN: (
        lambda reply: parse_churn(reply, samples.CHURN, **samples.ABOUT),
        [samples.DOCUMENTED_CHURN, samples.DEPLOYED_CHURN],
    ),
    Capability.LTV: (
        lambda reply: parse_ltv(reply, samples.LTV, **samples.FACTS),
        [samples.DOCUMENTED_LTV, samples.DEPLOYED_LTV],
    ),
    Capability.DRAFT: (
        lambda reply: parse_draft(reply, samples.DRAFT, **samples.ABOUT),
        [samples.DOCUMENTED_DRAFT, samples.DEPLOYED_DRAFT],
    ),
    Capability.RECOMMEND: (
        lambda reply: parse_recommendation(reply, **samples.ABOUT),
        [samples.DOCUMENTED_ACTIONS, samples.DEPLOYED_ACTIONS],
    ),
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=8)
    | st.sampled_from(["\0", "7001", -1, 0, 1, 2**70])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def altered(whole: Any, draw: st.DrawFn) -> Any:
    """The same with a part of it, at any depth, exchanged for anything or left out."""
    if not isinstance(whole, dict | list) or not whole or draw(st.integers(0, 4)) == 0:
        return draw(values)
    copy: Any = whole.copy()
    place = draw(st.sampled_from(sorted(copy) if isinstance(copy, dict) else range(len(copy))))
    if draw(st.integers(0, 9)) == 0:
        del copy[place]
    else:
        copy[place] = altered(copy[place], draw)
    return copy


@pytest.mark.parametrize("capability", PARSERS)
@given(drawing=st.data())
def test_a_reply_is_an_answer_or_refused(capability: Capability, drawing: st.DataObject) -> None:
    parse, originals = PARSERS[capability]
    original = drawing.draw(st.sampled_from(originals))
    fields = altered(original, drawing.draw)
    try:
        answer = parse(Reply(fields if isinstance(fields, dict) else {"answer": fields}))
    except InvalidAnswer:
        return
    kept = encode(answer)
    assert b"\\u0000" not in kept
    if capability in (Capability.ANALYZE, Capability.CHURN, Capability.LTV):
        assert decode_answer(capability, kept).known == answer.known


@pytest.mark.parametrize("capability", PARSERS)
@given(fields=st.dictionaries(st.text(max_size=6), values, max_size=4))
def test_an_object_of_anything_is_refused_or_an_answer(
    capability: Capability, fields: dict[str, Any]
) -> None:
    try:
        PARSERS[capability][0](Reply(fields))
    except InvalidAnswer:
        return
