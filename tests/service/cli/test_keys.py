import hashlib
import re

from service.http.callers import BootstrapCallers
from service.settings import BootstrapKeys

MADE = re.compile(r"^  (sd_\S+)$.*^  (\S+:\S+:[0-9a-f]{64})$", re.MULTILINE | re.DOTALL)


def made(output):
    return MADE.search(output).groups()


def digest(key):
    return hashlib.sha256(key.encode()).digest()


def test_the_printed_entry_lets_the_holder_of_the_key_in(command, sqlite_url):
    key, entry = made(command("keys", "make", "web-client", "desk", "metrics", on=sqlite_url).output)
    callers = BootstrapCallers(BootstrapKeys().deserialize(entry), anonymous_on=None)
    caller = callers.of_digest(digest(key))
    assert (caller.id, caller.scopes) == ("key:web-client", {"desk", "metrics"})
    assert callers.of_digest(digest(key + "x")) is None


def test_every_key_is_another_of_256_bits(command, sqlite_url):
    keys = {made(command("keys", "make", "web", "desk", on=sqlite_url).output)[0] for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) == len("sd_") + 43 for key in keys)


def test_a_scope_named_twice_is_granted_once(command, sqlite_url):
    _, entry = made(command("keys", "make", "web", "desk", "admin", "desk", on=sqlite_url).output)
    assert entry.startswith("web:admin+desk:")


def test_names_and_scopes_that_settings_would_refuse_are_refused(command, sqlite_url):
    for wrong in (["Web", "desk"], ["a" * 41, "desk"], ["a:b", "desk"], ["web", "root"], ["web"], []):
        result = command("keys", "make", *wrong, on=sqlite_url)
        assert result.exit_code == 2
        assert "sd_" not in result.output
