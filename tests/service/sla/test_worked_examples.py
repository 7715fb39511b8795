"""docs/service-levels.md reckons as the desk does."""

import pytest

from tests.pages import DOCS, Block, blocks
from tests.service.sla.worked_example import Example

EXAMPLES = [block for block in blocks(DOCS / "service-levels.md") if block.language == "clock"]


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: Example.printed(block.text).one("opened"))
def test_a_worked_example_comes_out_as_printed(block: Block) -> None:
    assert Example.printed(block.text).reckoned() == block.text


def test_the_page_works_an_example_of_everything_that_stops_or_bends_the_clock() -> None:
    printed = "\n".join(block.text for block in EXAMPLES)
    for told in (
        "closed",
        "holiday (",
        "pause (pending)",
        "clocks go forward",
        "clocks go back",
        "exception",
    ):
        assert told in printed
    assert "not while it is pending" in printed
    assert "never" in printed
