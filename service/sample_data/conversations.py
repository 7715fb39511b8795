"""Conversations: whose turn, what they say, and how long before now."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.sample_data import phrases
from service.sample_data.stories import Story
from service.tickets.models import Channel, TicketStatus

FIRST_ANSWER_S: Mapping[Channel, float] = {
    Channel.EMAIL: 3 * 3600,
    Channel.FORM: 4 * 3600,
    Channel.SMS: 1800,
    Channel.CHAT: 120,
    Channel.PHONE: 600,
}
"""Median of the time until somebody answers; the spread is log-normal."""
SPREAD = 0.9
LATEST = 0.98
"""Share of a ticket's age by which its last message is written."""


@dataclass(frozen=True, slots=True)
class Turn:
    from_agent: bool
    content: str
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Speakers:
    """Who talks about what; `facts` fill the placeholders of the story."""

    customer: str
    agent: str
    channel: Channel
    facts: Mapping[str, str]


def converse(
    chance: random.Random, story: Story, speakers: Speakers, status: TicketStatus, age: timedelta
) -> list[Turn]:
    """Oldest first; the first turn is the customer's, `age` before now."""
    said = list(_said(chance, story, status))
    ages = _ages(chance, len(said), age, FIRST_ANSWER_S[speakers.channel])
    turns = []
    for place, ((from_agent, matter), when) in enumerate(zip(said, ages, strict=True)):
        worded = _worded(chance, matter.format(**speakers.facts), speakers, from_agent, first=place < 2)
        turns.append(Turn(from_agent, worded, when))
    return turns


def _said(chance: random.Random, story: Story, status: TicketStatus) -> Iterator[tuple[bool, str]]:
    """(from the agent?, what): only an open ticket may end with the customer, who would reopen any other."""
    yield False, first_message(chance, story)
    if status is TicketStatus.OPEN and chance.random() < 0.45:
        if chance.random() < 0.3:
            yield False, chance.choice(phrases.NUDGES)
        return
    if chance.random() < 0.6:
        yield True, chance.choice(story.questions)
        if status is TicketStatus.PENDING and chance.random() < 0.6:
            return
        yield False, chance.choice(story.replies)
    if status in {TicketStatus.OPEN, TicketStatus.PENDING}:
        yield True, chance.choice(story.updates)
        if status is TicketStatus.OPEN and chance.random() < 0.6:
            yield False, chance.choice(phrases.NUDGES)
        return
    if chance.random() < 0.4:
        yield True, chance.choice(story.updates)
    yield True, chance.choice(story.solutions)
    if chance.random() < 0.5:
        yield False, chance.choice(phrases.THANKS)
        yield True, chance.choice(phrases.CLOSINGS)


def first_message(chance: random.Random, story: Story) -> str:
    parts = [chance.choice(story.situations)]
    if chance.random() < 0.8:
        parts.append(chance.choice(story.details))
    parts.append(chance.choice(story.wishes))
    return " ".join(parts)


def _worded(chance: random.Random, matter: str, speakers: Speakers, from_agent: bool, *, first: bool) -> str:
    """Greeting and signature are for the first turn of each side."""
    if not first:
        return matter
    openings = phrases.AGENT_OPENINGS if from_agent else phrases.GREETINGS
    endings = phrases.AGENT_SIGN_OFFS if from_agent else phrases.SIGN_OFFS
    channel, name = speakers.channel, speakers.customer
    before = chance.choice(openings[channel]).format(name=name)
    after = chance.choice(endings[channel]).format(name=name, agent=speakers.agent)
    return before + matter + after


def _ages(chance: random.Random, count: int, age: timedelta, median_s: float) -> Sequence[timedelta]:
    """Strictly falling from `age`; the gaps shrink where they would reach into the future."""
    gaps_s = [chance.lognormvariate(0, SPREAD) * median_s + 5 for _ in range(count - 1)]
    room_s = age.total_seconds() * LATEST
    shrink = min(1.0, room_s / sum(gaps_s)) if gaps_s else 1.0
    ages, left_s = [age], age.total_seconds()
    for gap_s in gaps_s:
        left_s -= gap_s * shrink
        ages.append(timedelta(seconds=left_s))
    return ages
