"""The page on security names tests that there are."""

import re
from pathlib import Path

from tests.pages import DOCS

TESTS = Path(__file__).parent
NAMED = re.compile(r"`(test_[a-z_]+\.py)(?:::(test_[a-z_0-9]+))?`")


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    named = NAMED.findall((DOCS / "security.md").read_text(encoding="utf-8"))
    assert len(named) > 40
    for file, name in named:
        texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob(file)]
        assert texts, file
        assert not name or any(f"def {name}(" in text for text in texts), (file, name)
