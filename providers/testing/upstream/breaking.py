"""What becomes of an honest reply under each breakage."""

from collections.abc import Callable, Mapping

from providers.testing.breakage import RETRY_AFTER_S, Breakage
from providers.testing.replies import Reply
from providers.testing.spoiling import about_another, garbage, padded, page, truncated, without_numbers

Replacement = Callable[[], Reply]
Alteration = Callable[[Reply], Reply]

REPLACEMENTS: Mapping[Breakage, Replacement] = {
    Breakage.SERVER_ERROR: lambda: page(500),
    Breakage.KEY_REFUSED: lambda: Reply.of(401, {"error": "The key is not valid"}),
    Breakage.RATE_LIMITED: lambda: Reply.of(
        429, {"error": "Too many requests"}, {"Retry-After": str(RETRY_AFTER_S)}
    ),
    Breakage.REQUEST_REFUSED: lambda: Reply.of(422, {"error": "The request is not valid"}),
    Breakage.GARBAGE: garbage,
    Breakage.EMPTY_BODY: lambda: Reply(status=200),
}
"""Said whatever was asked, unless the author tells the upstream's own words."""

ALTERATIONS: Mapping[Breakage, Alteration] = {
    Breakage.TRUNCATED: truncated,
    Breakage.NOT_A_NUMBER: without_numbers,
    Breakage.HUGE: padded,
}
"""Done to a successful reply."""

ON_THE_WIRE = frozenset({Breakage.HANG, Breakage.CUT, Breakage.DRIP, Breakage.DRIP_HEADERS})


def alteration(breakage: Breakage, about: str) -> Alteration | None:
    """None where this breakage does not show in what a reply says."""
    if breakage is Breakage.OTHER_CUSTOMER:
        return lambda reply: about_another(reply, about)
    return ALTERATIONS.get(breakage)


def redirected(location: str) -> Reply:
    return Reply(status=307, headers={"Location": location})
