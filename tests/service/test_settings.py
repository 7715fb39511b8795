import json
import re
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields, missing

from providers.chain import ChainSettingsSchema
from providers.quimbi.settings import QuimbiSettingsSchema
from providers.settings import SettingsError
from providers.stub.settings import StubSettingsSchema
from service import entrance
from service import settings as module
from service.outbound.settings import OutboundSettingsSchema
from service.settings import ROOT, Deployment, ServiceSettings, Settings, read_environment
from service.telemetry import logging
from service.wiring import announce

SECRET = "canary-secret-of-32-bytes-or-more"
PRODUCTION = {"SECRET_KEY": SECRET}
LOCAL = ("statistical", "fallback")
DEVELOPMENT = {"ENVIRONMENT": "development", "SECRET_KEY": SECRET}
QUIMBI = {"QUIMBI_API_KEY": "qpk_live_canary0123456789", "QUIMBI_BASE_URL": "https://quimbi.example.com"}
HASH = "0" * 64
EXAMPLE = ROOT / ".env.example"
SCHEMAS = (
    ServiceSettings,
    ChainSettingsSchema,
    OutboundSettingsSchema,
    QuimbiSettingsSchema,
    StubSettingsSchema,
)
VARIABLES = {field.data_key: field for schema in SCHEMAS for field in schema().fields.values()}
ASSIGNMENT = re.compile(r"(?:# )?([A-Z][A-Z0-9_]*)=(.*)")


def faults_of(**environment: str) -> dict[str, list[str]]:
    with pytest.raises(SettingsError) as caught:
        Settings.parse(environment)
    return caught.value.faults


# ---------------------------------------------------------------- faults

WRONG = {
    "ENVIRONMENT": ("prod", "Production", "dev"),
    "SECRET_KEY": ("short", "x" * 31),
    "PORT": ("http", "-1", "65536", "1.5", "9" * 5_000),
    "PROCESSES": ("0", "65", "many"),
    "THREADS": ("0", "257"),
    "PROVIDER_THREADS": ("0", "nan"),
    "DRAIN_TIMEOUT": ("0", "301"),
    "DATABASE_URL": ("mysql://root:canary@db/desk", "desk.db", "postgresql:/", "://"),
    "REDIS_URL": ("localhost:6379", "http://localhost", "redis://[", "redis://localhost:port"),
    "CORS_ORIGINS": (
        "*",
        "desk.example",
        "https://desk.example/",
        "https://[",
        "https://a@b",
        "null",
        "ftp://a",
    ),
    "BOOTSTRAP_API_KEYS": (
        "canary",
        "web:desk:canary",
        f"web:desk:{HASH[1:]}",
        f"WEB:desk:{HASH}",
        f"web::{HASH}",
        f"web:desk:{HASH},web:admin:{'1' * 64}",
    ),
    "LOG_LEVEL": ("loud", "info"),
    "INTELLIGENCE_PROVIDERS": ("nobody", "fallback,fallback", "stub"),
    "FACTS_DEADLINE": ("nan", "inf", "-1", "0", "61", "soon"),
    "TEXTS_DEADLINE": ("nan", "1e999"),
    "TEXTS_FACTS_WAIT": ("Infinity", ""),
    "DRAFT_RETENTION_DAYS": ("0", "for ever"),
    "ASSIGNMENT_STRATEGIES": ("skills,by_horoscope", "skills,skills", "Skills", "skills;language", ","),
    "ASSIGNMENT_VIP_VALUE": ("-1", "much", "nan", "Infinity", "1e13"),
    "ASSIGNMENT_VIP_RISK": ("1.1", "-0.1", "nan", "high"),
    "INTELLIGENCE_CACHE_TTL": ("0", "1.5"),
    "CIRCUIT_FAILURE_RATE": ("0", "1.01", "nan"),
}


@pytest.mark.parametrize(
    ("variable", "value"), [(name, value) for name in WRONG for value in WRONG[name] if value]
)
def test_a_bad_value_is_named_with_its_cure_and_never_repeated(variable: str, value: str) -> None:
    faults = faults_of(**PRODUCTION | {variable: value})
    assert set(faults) == {variable}
    (message, *_) = faults[variable]
    assert re.search(r"[Mm]ust|Set|set|make|name each|give each|take it out|there are", message), message
    assert "canary" not in message
    assert SECRET not in message


def test_every_fault_is_listed_at_once() -> None:
    wrong = {name: next(value for value in values if value) for name, values in WRONG.items()}
    quimbi = {"QUIMBI_BASE_URL": "http://quimbi.example.com", "QUIMBI_TIMEOUT": "long"}
    wrong |= quimbi | {"INTELLIGENCE_PROVIDERS": "quimbi,nobody"}
    del wrong["TEXTS_FACTS_WAIT"]
    faults = faults_of(**wrong)
    assert set(faults) == set(wrong) | {"QUIMBI_API_KEY"}


def test_the_list_of_faults_reads_one_variable_a_line() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"PORT": "x", "LOG_LEVEL": "y"})
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["LOG_LEVEL", "PORT", "SECRET_KEY"]


def test_an_unknown_strategy_is_refused_with_those_there_are() -> None:
    (fault,) = faults_of(**PRODUCTION, ASSIGNMENT_STRATEGIES="skills,by_horoscope")["ASSIGNMENT_STRATEGIES"]
    assert fault.endswith(": skills, language, vip_to_senior, last_agent, least_loaded, round_robin.")


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES)), st.text(st.characters(exclude_characters="\x00"))))
def test_no_environment_does_anything_but_parse_or_list_faults(environment: dict[str, str]) -> None:
    faults: dict[str, list[str]] = {}
    try:
        Settings.parse(PRODUCTION | environment)
    except SettingsError as error:
        faults = error.faults
    assert set(faults) <= set(VARIABLES)


# ---------------------------------------------------------------- defaults and deployments


def test_it_is_production_unless_set() -> None:
    settings = Settings.parse(PRODUCTION)
    assert settings.environment is Deployment.PRODUCTION
    assert (settings.host, settings.port, settings.processes) == ("127.0.0.1", 8000, 1)
    assert (settings.threads, settings.provider_threads) == (8, 16)
    assert (settings.facts_deadline_s, settings.texts_deadline_s, settings.texts_facts_wait_s) == (10, 25, 3)
    assert settings.database_url == "sqlite:///instance/desk.db"
    assert (settings.redis_url, settings.cache_key_prefix, settings.cors_origins) == (None, "", ())
    assert settings.log_file is None


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_an_empty_value_counts_as_unset(variable: str) -> None:
    assert Settings.parse(DEVELOPMENT | {"ENVIRONMENT": "production", variable: " "} | PRODUCTION)


def test_development_logs_to_a_file_that_can_be_followed() -> None:
    assert Settings.parse(DEVELOPMENT).log_file == ROOT / "logs" / "app.log"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "INSTANCE", tmp_path / "instance")
    return tmp_path / "instance"


def test_development_makes_a_secret_and_keeps_it(instance: Path) -> None:
    first, second = (Settings.parse({"ENVIRONMENT": "development"}).secret_key for _ in range(2))
    assert first == second
    assert len(first) >= 32
    assert (instance / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("deployment", ["test", "staging", "production"])
def test_elsewhere_a_start_without_a_secret_stops(instance: Path, deployment: str) -> None:
    assert set(faults_of(ENVIRONMENT=deployment)) == {"SECRET_KEY"}
    assert not instance.exists()


def test_a_secret_is_counted_in_bytes() -> None:
    assert Settings.parse({"SECRET_KEY": "ß" * 16})


# ---------------------------------------------------------------- providers


@pytest.mark.parametrize(
    ("environment", "providers", "chosen_by"),
    [
        (DEVELOPMENT, LOCAL, "no_key"),
        (PRODUCTION, LOCAL, "no_key"),
        (PRODUCTION | {"ENVIRONMENT": "staging"}, LOCAL, "no_key"),
        (PRODUCTION | {"ENVIRONMENT": "test"}, LOCAL, "no_key"),
        (PRODUCTION | QUIMBI, ("quimbi", "fallback"), "quimbi_key"),
        (DEVELOPMENT | QUIMBI, ("quimbi", "fallback"), "quimbi_key"),
        (DEVELOPMENT | QUIMBI | {"INTELLIGENCE_PROVIDERS": "stub"}, ("stub",), "configured"),
        (PRODUCTION | {"INTELLIGENCE_PROVIDERS": " fallback , "}, ("fallback",), "configured"),
    ],
)
def test_who_answers_where_nobody_or_somebody_is_listed(
    environment: dict[str, str], providers: tuple[str, ...], chosen_by: str
) -> None:
    settings = Settings.parse(environment)
    assert (settings.intelligence_providers, settings.providers_chosen_by) == (providers, chosen_by)


@pytest.mark.parametrize("example", ["your-api-key-here", "qpk_live_xxxxxxxx", "<your key>", "changeme"])
def test_an_example_key_counts_as_none(example: str) -> None:
    assert Settings.parse(PRODUCTION | {"QUIMBI_API_KEY": example}).intelligence_providers == LOCAL


def test_production_refuses_the_stub() -> None:
    assert (
        "refused"
        in faults_of(**PRODUCTION, INTELLIGENCE_PROVIDERS="stub,fallback")["INTELLIGENCE_PROVIDERS"][0]
    )


@pytest.mark.parametrize("key", ["", "your-api-key-here"])
def test_quimbi_without_a_key_is_refused(key: str) -> None:
    environment = PRODUCTION | QUIMBI | {"QUIMBI_API_KEY": key, "INTELLIGENCE_PROVIDERS": "quimbi,fallback"}
    assert set(faults_of(**environment)) == {"QUIMBI_API_KEY"}


Told = Callable[[dict[str, str]], list[dict[str, object]]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What a start with this environment logs."""

    def tell(environment: dict[str, str]) -> list[dict[str, object]]:
        logging.configure("INFO", tmp_path / "app.log")
        announce(Settings.parse(environment))
        return [json.loads(line) for line in (tmp_path / "app.log").read_text().splitlines()]

    return tell


def test_a_test_key_in_production_is_warned_of_without_being_told(told: Told) -> None:
    events = told(PRODUCTION | QUIMBI | {"QUIMBI_API_KEY": "qpk_test_canary0123456789"})
    assert [event["event"] for event in events if event["level"] == "WARNING"] == ["test_key_in_production"]
    assert "canary" not in str(events)


@pytest.mark.parametrize(
    "environment", [PRODUCTION | QUIMBI, DEVELOPMENT | QUIMBI | {"QUIMBI_API_KEY": "qpk_test_x0"}]
)
def test_a_live_key_or_a_test_key_elsewhere_is_not_warned_of(told: Told, environment: dict[str, str]) -> None:
    assert [event["level"] for event in told(environment)] == ["INFO"]


def test_a_start_without_a_key_tells_that_the_desk_computes_by_itself(told: Told) -> None:
    (event,) = told(PRODUCTION)
    assert (event["event"], event["level"]) == ("providers_chosen", "INFO")
    assert (event["providers"], event["chosen_by"]) == (["statistical", "fallback"], "no_key")


@pytest.mark.parametrize(
    ("environment", "development_callers", "events"),
    [
        (PRODUCTION, False, {"sqlite_in_production": "WARNING", "no_redis_in_production": "WARNING"}),
        (
            PRODUCTION | {"DATABASE_URL": "postgresql://desk@db/desk", "REDIS_URL": "redis://cache:6379/0"},
            False,
            {},
        ),
        (DEVELOPMENT, True, {"development_callers": "INFO"}),
    ],
    ids=["production on SQLite", "production as it should be", "development"],
)
def test_a_start_tells_who_gets_in_and_what_production_lacks(
    tmp_path: Path, environment: dict[str, str], development_callers: bool, events: dict[str, str]
) -> None:
    logging.configure("INFO", tmp_path / "app.log")
    entrance.announce(Settings.parse(environment), development_callers=development_callers)
    told = [json.loads(line) for line in (tmp_path / "app.log").read_text().splitlines()]
    assert {event["event"]: event["level"] for event in told} == events
    assert all(event["cure"] for event in told)


def test_secrets_are_not_in_what_settings_print_as() -> None:
    environment = (
        PRODUCTION
        | QUIMBI
        | {
            "DATABASE_URL": "postgresql://desk:canary@db/desk",
            "REDIS_URL": "redis://:canary@redis/0",
            "BOOTSTRAP_API_KEYS": f"web:desk:{HASH}",
        }
    )
    printed = repr(Settings.parse(environment))
    assert "canary" not in printed
    assert HASH not in printed


# ---------------------------------------------------------------- .env and .env.example


def test_the_environment_goes_before_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=1\nHOST=10.0.0.1\nLOG_LEVEL\n")
    assert read_environment({"PORT": "2"}, dotenv) == {"PORT": "2", "HOST": "10.0.0.1", "LOG_LEVEL": ""}


def documented() -> Iterator[tuple[str, str, str]]:
    """(variable, value, what is said of it)"""
    about: list[str] = []
    for line in EXAMPLE.read_text().splitlines():
        if assignment := ASSIGNMENT.fullmatch(line):
            yield assignment[1], assignment[2], " ".join(about)
        about = [*about, line.removeprefix("# ")] if line.startswith("# ") else []


def test_every_variable_is_in_the_example_once_and_no_other_is() -> None:
    names = [name for name, _, _ in documented()]
    assert sorted(names) == sorted(VARIABLES)


def test_the_example_tells_of_each_variable_what_the_code_does() -> None:
    for name, _, about in documented():
        assert VARIABLES[name].metadata["description"] in about, name


def test_the_example_shows_each_default() -> None:
    shown = {name: value for name, value, _ in documented()}
    for name, field in VARIABLES.items():
        if name != "ENVIRONMENT" and field.load_default is not missing:
            assert shown[name] == _as_text(field), name


def _as_text(field: fields.Field[object]) -> str:
    default = field.load_default
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default.value if isinstance(default, Enum) else default)


def test_the_example_starts_as_it_is(instance: Path) -> None:
    settings = Settings.parse(read_environment({}, EXAMPLE))
    assert settings.environment is Deployment.DEVELOPMENT
    assert settings.intelligence_providers == LOCAL


def test_the_example_starts_with_every_line_taken_in(instance: Path, tmp_path: Path) -> None:
    text = re.sub(r"^# (?=[A-Z][A-Z0-9_]*=)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(text)
    assert set(dotenv_values(tmp_path / ".env")) == set(VARIABLES)
    assert Settings.parse(read_environment({}, tmp_path / ".env"))
