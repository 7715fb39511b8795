import hashlib
import re

from service.http.callers import BootstrapCallers
from service.settings import BootstrapKeys
from tests.wire.cases import eventually
from tests.wire.desk import running_desk

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


SECRET_SHOWN = re.compile(r"^  (sd_\S+)$", re.MULTILINE)


def listed(command, url):
    rows = command("keys", "list", on=url).output.splitlines()[2:]
    return {line.split()[0]: line for line in rows}


def test_a_key_of_the_database_is_made_listed_and_revoked(command, sqlite_url):
    made = command("keys", "create", "shop", "read", "--by", "kim", "--days", "30", on=sqlite_url)
    assert made.exit_code == 0, made.output
    (secret,) = SECRET_SHOWN.findall(made.output)
    shown = listed(command, sqlite_url)["shop"]
    assert secret[:10] in shown
    assert secret not in shown
    assert shown.endswith("good")
    with running_desk({"DATABASE_URL": sqlite_url}) as desk:
        assert desk.get("/api/tickets", headers={"X-API-Key": secret}).status_code == 200
        (kept,) = desk.get("/api/admin/keys").json()["keys"]
        assert (kept["created_by"], kept["scopes"]) == ("cli:kim", ["read"])
        assert kept["expires_at"] is not None
        revoked = command("keys", "revoke", "shop", on=sqlite_url)
        assert (revoked.exit_code, "revoked" in revoked.output) == (0, True)

        def refused():
            return desk.get("/api/tickets", headers={"X-API-Key": secret}).status_code == 401 or None

        assert eventually(refused, within_s=5)
    assert listed(command, sqlite_url)["shop"].endswith("revoked")


def test_a_key_for_browsers_is_made_with_its_origins(command, sqlite_url):
    made = command("keys", "create", "page", "form", "--origin", "https://shop.example", on=sqlite_url)
    assert made.exit_code == 0, made.output
    assert "https://shop.example" in listed(command, sqlite_url)["page"]


def test_keys_that_cannot_be_are_refused_and_nothing_is_shown(command, sqlite_url):
    assert command("keys", "create", "taken", "desk", on=sqlite_url).exit_code == 0
    for wrong, status in (
        (["create", "taken", "desk"], 1),
        (["create", "page", "desk", "--origin", "https://shop.example"], 1),
        (["create", "page", "form", "--origin", "*"], 2),
        (["create", "page", "root"], 2),
        (["create", "Page", "read"], 2),
        (["create", "page", "read", "--days", "0"], 2),
        (["revoke", "nobody"], 2),
    ):
        result = command("keys", *wrong, on=sqlite_url)
        assert result.exit_code == status, result.output
        assert "sd_" not in result.output
