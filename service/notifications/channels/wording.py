"""What mails and Slack say: short, of ids and links, from the catalogue `locales/en.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

import msgspec

from service.notifications.models import Occasion
from service.outbox.channels import Delivery, TargetGone

BASE_LOCALE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`subjects` and `lines` by occasion; `counts` those of a digest, by occasion."""

    subjects: Mapping[str, str]
    lines: Mapping[str, str]
    targets: Mapping[str, str]
    due: str
    link: str
    digest_subject: str
    digest_opening: str
    counts: Mapping[str, str]
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    subject: str
    lines: tuple[str, ...]
    closing: str

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Wording:
    """`public_url`: where people open the desk; None: there are no links."""

    def __init__(self, public_url: str | None, locale: str = BASE_LOCALE) -> None:
        self._public_url = public_url.rstrip("/") if public_url else None
        self._words = _catalogue(locale)

    def notice(self, delivery: Delivery) -> Notice:
        """Raises `TargetGone` for what it has no words for: who made it is newer than who tells it."""
        digest = delivery.address.get("digest")
        if isinstance(digest, Mapping):
            return self._digest(digest)
        occasion = delivery.address.get("occasion")
        if occasion not in set(Occasion):
            raise TargetGone("there are no words for this")
        return self._single(str(occasion), delivery)

    def _single(self, occasion: str, delivery: Delivery) -> Notice:
        words, after = self._words, delivery.event.after or {}
        ticket_id = delivery.event.ticket_id or ""
        target = words.targets.get(str(after.get("target")), words.targets["other"])
        told: dict[str, Any] = {"ticket": ticket_id, "target": target}
        lines = [words.lines[occasion].format(**told)]
        if isinstance(due_at := after.get("due_at"), str):
            lines.append(words.due.format(due_at=due_at))
        if self._public_url is not None:
            lines.append(words.link.format(link=f"{self._public_url}/tickets/{quote(ticket_id, safe='')}"))
        return Notice(
            subject=words.subjects[occasion].format(**told), lines=tuple(lines), closing=words.closing
        )

    def _digest(self, digest: Mapping[str, Any]) -> Notice:
        words = self._words
        counts = [
            words.counts[occasion].format(count=count)
            for occasion, count in digest.items()
            if occasion in words.counts
        ]
        lines = [words.digest_opening, *counts]
        if self._public_url is not None:
            lines.append(words.link.format(link=self._public_url))
        total = sum(count for count in digest.values() if isinstance(count, int))
        subject = words.digest_subject.format(count=total)
        return Notice(subject=subject, lines=tuple(lines), closing=words.closing)


@cache
def _catalogue(locale: str) -> Catalogue:
    text = resources.files("service.notifications").joinpath("locales", f"{locale}.json").read_bytes()
    return msgspec.json.decode(text, type=Catalogue)
