import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.intelligence.draft_outcomes import COMPARED_WORDS, compared
from service.intelligence.models import DraftOutcome

DRAFT = (
    "Hello Kim,\n\nThank you for reaching out. I am sorry that your parcel is late. I have asked the carrier "
    "where it is and will write to you tomorrow.\n\nKind regards,\nThe support team"
)
OTHERS = (
    "I tried to call you but could not get through. What is the best time to reach you by phone?",
    "We can swap it. Please send the old one back with the attached label; the new size goes out then.",
    "Dear customer, thanks for your message. We will look into your order and write as soon as we can.",
)
TEXTS = st.text(st.sampled_from("ab \n.,\u3042\u4e2d"), min_size=1, max_size=30)


@pytest.mark.parametrize(
    "sent",
    [
        DRAFT,
        f"  {DRAFT}\n",
        DRAFT.replace("\n", "\r\n"),
        DRAFT.replace(" ", "\u00a0"),
        " ".join(DRAFT.split()),
    ],
)
def test_white_space_does_not_count(sent: str) -> None:
    assert compared(DRAFT, sent).outcome is DraftOutcome.VERBATIM


def test_the_share_is_of_the_words_of_both_that_differ() -> None:
    found = compared("one two three four", "one two 3 four")
    assert (found.outcome, found.edited_share) == (DraftOutcome.EDITED, 0.25)
    assert compared("one two three", "one two three.").edited_share == 0.3333


@pytest.mark.parametrize("other", OTHERS)
def test_a_reply_that_says_something_else_is_no_edit(other: str) -> None:
    for draft, sent in ((DRAFT, other), (other, DRAFT)):
        found = compared(draft, sent)
        assert (found.outcome, found.edited_share) == (DraftOutcome.SET_ASIDE, None)


def test_a_draft_left_whole_within_a_long_message_is_used() -> None:
    found = compared(
        "We will write to you tomorrow.", f"{OTHERS[1]} We will write to you tomorrow. {OTHERS[0]}"
    )
    assert found.outcome is DraftOutcome.EDITED


def test_in_a_script_without_spaces_each_character_counts() -> None:
    found = compared("荷物は明日届きます", "荷物は今日届きます")
    assert (found.outcome, found.edited_share) == (DraftOutcome.EDITED, 0.1111)


@given(TEXTS, TEXTS)
def test_a_share_is_between_nothing_and_all_and_the_same_both_ways(draft: str, sent: str) -> None:
    found, back = compared(draft, sent), compared(sent, draft)
    assert (found.edited_share is not None) == (found.outcome is DraftOutcome.EDITED)
    assert 0 <= (found.edited_share or 0) <= 1
    if found.outcome is back.outcome:
        assert found.edited_share == back.edited_share


@pytest.mark.parametrize(
    ("draft", "sent"),
    [
        ("a b " * 25_000, "b a " * 25_000),
        ("a " * 50_000, "a b " * 25_000),
        ("x" * 100_000, "x" * 99_999),
        ("中" * 100_000, "中文" * 50_000),
        (" " * 100_000 + "a", "b"),
    ],
    ids=["swapped", "repeated", "one word", "no spaces", "blank"],
)
def test_the_longest_messages_are_compared_in_no_time(draft: str, sent: str) -> None:
    began = time.process_time()
    compared(draft, sent)
    assert time.process_time() - began < 0.5


def test_what_stands_beyond_the_compared_words_keeps_a_text_from_being_verbatim() -> None:
    text = "word " * COMPARED_WORDS
    found = compared(text + "this", text + "that")
    assert (found.outcome, found.edited_share) == (DraftOutcome.EDITED, 0.0)
