"""Everything an operator can set, parsed once; a bad start names every fault."""

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from marshmallow import ValidationError, fields, validate

from providers.chain import ChainSettingsSchema
from providers.quimbi.settings import usable_key
from providers.registry import Registry, RegistryError
from providers.settings import SettingsError, SettingsSchema
from service.engines import normalise_url
from service.outbound.settings import OutboundSettingsSchema
from service.strategy_table import STRATEGIES

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"
SECRET_KEY_BYTES = 32
ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
HOW_TO_MAKE_ONE = "make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
MAKE_KEY = "make one with: flask --app wsgi keys make NAME SCOPE…"


class Deployment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class BootstrapKey:
    """An API key from the environment; only its hash is here. `sha256`: 64 hex digits."""

    name: str
    scopes: frozenset[str]
    sha256: str = field(repr=False)


class BootstrapKeys(fields.Field[tuple[BootstrapKey, ...]]):
    """Comma-separated `name:scope+scope:sha256`."""

    PATTERN = re.compile(r"([a-z0-9_-]{1,40}):([a-z_]+(?:\+[a-z_]+)*):([0-9a-f]{64})")

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[BootstrapKey, ...]:
        matches = [self.PATTERN.fullmatch(entry.strip()) for entry in value.split(",")]
        keys = [BootstrapKey(m[1], frozenset(m[2].split("+")), m[3]) for m in matches if m]
        if len(keys) != len(matches):
            raise ValidationError(f"Each entry must read name:scope+scope:sha256; {MAKE_KEY}.")
        if len({key.name for key in keys}) != len(keys):
            raise ValidationError("Two keys have the same name; give each its own.")
        return tuple(keys)


class CommaSeparated(fields.Field[tuple[str, ...]]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        return tuple(entry.strip() for entry in value.split(",") if entry.strip())


def _check_redis_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        known, _ = parts.scheme in {"redis", "rediss", "unix"}, parts.port
    except ValueError:
        known = False
    if not known:
        raise ValidationError("Must be a Redis URL, such as redis://localhost:6379/0.")


def _check_database_url(url: str) -> None:
    try:
        normalise_url(url)
    except ValueError:
        raise ValidationError(
            "Must be postgresql://user@host/database or sqlite:///path, and nothing else."
        ) from None


def _one_of(*choices: str) -> validate.OneOf:
    return validate.OneOf(choices, error="Must be one of: {choices}.")


def _between(low: float, high: float) -> validate.Range:
    return validate.Range(low, high, error=f"Must be a number from {low:g} to {high:g}.")


def _check_origins(origins: tuple[str, ...]) -> None:
    if not all(map(ORIGIN.fullmatch, origins)):
        raise ValidationError(
            "Each origin must read scheme://host[:port], without a path; '*' is not accepted."
        )


def _check_strategies(names: tuple[str, ...]) -> None:
    if not names or not set(names) <= set(STRATEGIES) or len(set(names)) != len(names):
        raise ValidationError(f"Must name some of these, each once: {', '.join(STRATEGIES)}.")


def _variable(
    kind: type[fields.Field[Any]], name: str, default: Any, about: str, check: Any = None, **options: Any
) -> fields.Field[Any]:
    if isinstance(check, validate.Range):
        options["error_messages"] = dict.fromkeys(("invalid", "too_large", "special"), check.error)
    return kind(
        data_key=name, load_default=default, validate=check, metadata={"description": about}, **options
    )


def _points(name: str, default: float, about: str) -> fields.Field[Any]:
    return _variable(fields.Float, name, default, about, _between(0, 1000))


class ServiceSettings(SettingsSchema):
    environment = _variable(
        fields.Enum,
        "ENVIRONMENT",
        Deployment.PRODUCTION,
        "development, test, staging or production",
        enum=Deployment,
        by_value=True,
        error_messages={"unknown": "Must be one of: {choices}."},
    )
    secret_key = _variable(
        fields.String,
        "SECRET_KEY",
        None,
        f"at least {SECRET_KEY_BYTES} bytes; development makes and keeps its own",
    )
    host = _variable(fields.String, "HOST", "127.0.0.1", "address to listen on")
    port = _variable(fields.Integer, "PORT", 8000, "port to listen on", _between(0, 65535))
    metrics_host = _variable(
        fields.String,
        "METRICS_HOST",
        "127.0.0.1",
        "address of the port for monitoring, which asks for no key",
    )
    metrics_port = _variable(
        fields.Integer,
        "METRICS_PORT",
        None,
        "a port for monitoring alone; unset, only /metrics on the main port, with a key of scope metrics",
        _between(0, 65535),
    )
    processes = _variable(fields.Integer, "PROCESSES", 1, "server processes", _between(1, 64))
    threads = _variable(
        fields.Integer,
        "THREADS",
        8,
        "threads per process for routes that never wait for a provider",
        _between(1, 256),
    )
    provider_threads = _variable(
        fields.Integer,
        "PROVIDER_THREADS",
        16,
        "threads per process for routes that may wait for a provider",
        _between(1, 256),
    )
    streams_max = _variable(
        fields.Integer,
        "STREAMS_MAX",
        200,
        "clients per process that may wait for events at once; they take no threads; beyond it 503",
        _between(0, 800),
    )
    drain_timeout_s = _variable(
        fields.Integer,
        "DRAIN_TIMEOUT",
        25,
        "seconds that a stopping server gives to requests in flight",
        _between(1, 300),
    )
    database_url = _variable(
        fields.String,
        "DATABASE_URL",
        "sqlite:///instance/desk.db",
        "sqlite:///… or postgresql://…",
        _check_database_url,
    )
    redis_url = _variable(
        fields.String, "REDIS_URL", None, "shared cache; in-process where empty", _check_redis_url
    )
    cache_key_prefix = _variable(
        fields.String, "CACHE_KEY_PREFIX", "", "set it on a Redis shared with others"
    )
    cors_origins = _variable(
        CommaSeparated, "CORS_ORIGINS", (), "origins of browser clients, comma-separated", _check_origins
    )
    trusted_proxies = _variable(
        fields.Integer,
        "TRUSTED_PROXIES",
        0,
        "proxies before the service, each of which adds to X-Forwarded-For; 0: such headers are not believed",
        _between(0, 10),
    )
    rate_limit_per_minute = _variable(
        fields.Integer,
        "RATE_LIMIT_PER_MINUTE",
        6000,
        "requests of one caller, or of one address without a key; each process gives its share; 0: no limit",
        _between(0, 10**9),
    )
    hsts_max_age_s = _variable(
        fields.Integer,
        "HSTS_MAX_AGE",
        0,
        "seconds for which browsers keep to https, once every address is behind it; 0: not told",
        _between(0, 10**9),
    )
    bootstrap_api_keys = _variable(
        BootstrapKeys,
        "BOOTSTRAP_API_KEYS",
        (),
        "name:scope+scope:sha256, comma-separated; made by flask --app wsgi keys make",
    )
    log_level = _variable(
        fields.String,
        "LOG_LEVEL",
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
        _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    log_file = _variable(
        fields.String,
        "LOG_FILE",
        None,
        "a second place for the log, beside stderr; logs/app.log in development",
    )
    intelligence_providers = _variable(
        CommaSeparated, "INTELLIGENCE_PROVIDERS", (), "providers in the order in which they are asked"
    )
    facts_deadline_s = _variable(
        fields.Float, "FACTS_DEADLINE", 10.0, "seconds for a request that answers facts", _between(0.1, 60)
    )
    texts_deadline_s = _variable(
        fields.Float,
        "TEXTS_DEADLINE",
        25.0,
        "seconds for a request that answers a draft or a recommendation",
        _between(0.1, 60),
    )
    texts_facts_wait_s = _variable(
        fields.Float,
        "TEXTS_FACTS_WAIT",
        3.0,
        "seconds of these that it waits for the customer's facts",
        _between(0.1, 60),
    )
    draft_retention_days = _variable(
        fields.Integer, "DRAFT_RETENTION_DAYS", 90, "days after which drafts are pruned", _between(1, 3650)
    )
    analytics_seal_after_days = _variable(
        fields.Integer,
        "ANALYTICS_SEAL_AFTER_DAYS",
        0,
        "days after which daily figures are sealed, and never change again; 0: they are not",
        _between(0, 3650),
    )
    jobs_in_server = _variable(
        fields.Boolean,
        "JOBS_IN_SERVER",
        True,
        "false: timed work and deliveries are left to flask --app wsgi worker",
        error_messages={"invalid": "Must be true or false."},
    )
    outbox_threads = _variable(
        fields.Integer,
        "OUTBOX_THREADS",
        4,
        "deliveries at once by each channel of a process, half of them for one target",
        _between(1, 64),
    )
    outbox_first_retry_s = _variable(
        fields.Float,
        "OUTBOX_FIRST_RETRY",
        10.0,
        "longest wait in seconds after a first failed delivery; it doubles with each that follows",
        _between(0.1, 3600),
    )
    outbox_longest_retry_s = _variable(
        fields.Float,
        "OUTBOX_LONGEST_RETRY",
        14400.0,
        "seconds beyond which it doubles no more",
        _between(0.1, 86400),
    )
    outbox_give_up_days = _variable(
        fields.Float, "OUTBOX_GIVE_UP_DAYS", 3.0, "days of failures that make a dead letter", _between(0, 30)
    )
    outbox_retention_days = _variable(
        fields.Integer,
        "OUTBOX_RETENTION_DAYS",
        30,
        "days after which what was delivered is pruned; dead letters stay",
        _between(1, 3650),
    )
    scoring_churn_weight = _points("SCORING_CHURN_WEIGHT", 3.0, "points for a churn risk of 1")
    scoring_value_weight = _points("SCORING_VALUE_WEIGHT", 2.0, "points for a lifetime value at its cap")
    scoring_value_cap = _variable(
        fields.Float,
        "SCORING_VALUE_CAP",
        1000.0,
        "lifetime value from which on more adds nothing, in the desk's main currency",
        _between(0.01, 1e12),
    )
    scoring_urgency_weight = _points(
        "SCORING_URGENCY_WEIGHT", 1.5, "points times 4 for urgent, 3 high, 1 normal, 0.5 low"
    )
    scoring_waiting_weight = _points(
        "SCORING_WAITING_WEIGHT", 0.1, "points an hour for a customer who waits for an answer"
    )
    scoring_sentiment_boost = _points(
        "SCORING_SENTIMENT_BOOST", 2.0, "points where the customer's last message sounds negative"
    )
    scoring_sla_at_risk = _points(
        "SCORING_SLA_AT_RISK", 2.0, "points while a time that was promised has nearly passed"
    )
    scoring_sla_breached = _points(
        "SCORING_SLA_BREACHED", 4.0, "points once it has passed, until what was promised is done"
    )
    topic_alert_boost = _points("TOPIC_ALERT_BOOST", 5.0, "points for a ticket that a topic alert matches")
    assignment_strategies = _variable(
        CommaSeparated,
        "ASSIGNMENT_STRATEGIES",
        tuple(STRATEGIES),
        "what decides which agent gets a ticket, the first that tells two apart; for teams without their own",
        _check_strategies,
    )
    assignment_automatic = _variable(
        fields.Boolean,
        "ASSIGNMENT_AUTOMATIC",
        False,
        "whether a new ticket that is nobody's waits to be handed out to an agent",
    )
    assignment_grace_s = _variable(
        fields.Integer,
        "ASSIGNMENT_GRACE_S",
        300,
        "seconds after which a ticket that an agent had not accepted when going offline is handed out anew",
        _between(0, 86_400),
    )
    assignment_vip_value = _variable(
        fields.Decimal,
        "ASSIGNMENT_VIP_VALUE",
        Decimal(1_000),
        "lifetime value from which on a customer is a VIP, in the desk's main currency",
        _between(0, 1e12),
    )
    assignment_vip_risk = _variable(
        fields.Float,
        "ASSIGNMENT_VIP_RISK",
        0.7,
        "churn risk from which on a customer is a VIP, whatever the value",
        _between(0, 1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the service was started with. `raw` is for the providers, which parse their own part of it."""

    environment: Deployment
    secret_key: str = field(repr=False)
    host: str
    port: int
    metrics_host: str
    metrics_port: int | None
    processes: int
    threads: int
    provider_threads: int
    streams_max: int
    drain_timeout_s: int
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    cache_key_prefix: str
    cors_origins: tuple[str, ...]
    trusted_proxies: int
    rate_limit_per_minute: int
    hsts_max_age_s: int
    bootstrap_api_keys: tuple[BootstrapKey, ...]
    log_level: str
    log_file: Path | None
    intelligence_providers: tuple[str, ...]
    providers_chosen_by: str
    facts_deadline_s: float
    texts_deadline_s: float
    texts_facts_wait_s: float
    draft_retention_days: int
    analytics_seal_after_days: int
    jobs_in_server: bool
    outbox_threads: int
    outbox_first_retry_s: float
    outbox_longest_retry_s: float
    outbox_give_up_days: float
    outbox_retention_days: int
    scoring_churn_weight: float
    scoring_value_weight: float
    scoring_value_cap: float
    scoring_urgency_weight: float
    scoring_waiting_weight: float
    scoring_sentiment_boost: float
    scoring_sla_at_risk: float
    scoring_sla_breached: float
    topic_alert_boost: float
    assignment_automatic: bool
    assignment_grace_s: int
    assignment_strategies: tuple[str, ...]
    assignment_vip_value: Decimal
    assignment_vip_risk: float
    raw: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, environment: Mapping[str, str], registry: Registry | None = None) -> Self:
        """Raises `SettingsError` with every fault, those of the listed providers included."""
        parsed, faults = ServiceSettings().parse_leniently(environment)
        deployment: Deployment = parsed["environment"]
        development = deployment is Deployment.DEVELOPMENT
        names, chosen_by = choose_providers(parsed["intelligence_providers"], environment)
        secret = parsed["secret_key"] or (development_secret() if development else "")
        log_file = parsed["log_file"] or ("logs/app.log" if development else None)

        faults |= ChainSettingsSchema().parse_leniently(environment)[1]
        faults |= OutboundSettingsSchema().parse_leniently(environment)[1]
        faults |= check_providers(names, deployment, environment, registry or Registry())
        if "SECRET_KEY" not in faults and len(secret.encode()) < SECRET_KEY_BYTES:
            faults["SECRET_KEY"] = [f"Must be at least {SECRET_KEY_BYTES} bytes; {HOW_TO_MAKE_ONE}."]
        if faults:
            raise SettingsError(faults)
        parsed |= {
            "secret_key": secret,
            "log_file": ROOT / log_file if log_file else None,
            "intelligence_providers": names,
            "providers_chosen_by": chosen_by,
            "raw": dict(environment),
        }
        return cls(**parsed)


def choose_providers(listed: Sequence[str], environment: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """The providers to start with, and why these: `configured`, `quimbi_key` or `no_key`."""
    if listed:
        return tuple(listed), "configured"
    if usable_key(environment):
        return ("quimbi", "fallback"), "quimbi_key"
    return ("statistical", "fallback"), "no_key"


def check_providers(
    names: Sequence[str], deployment: Deployment, environment: Mapping[str, str], registry: Registry
) -> dict[str, list[str]]:
    """Faults of the list, and of the variables that the providers on it read."""
    faults: dict[str, list[str]] = {}
    of_list = faults.setdefault("INTELLIGENCE_PROVIDERS", [])
    if len(set(names)) != len(names):
        of_list.append("A provider is listed twice; name each once.")
    if deployment is Deployment.PRODUCTION and "stub" in names:
        of_list.append("stub makes its answers up and is refused in production; take it out.")
    for name in names:
        try:
            schema = registry.lookup(name).settings_schema
            if schema and issubclass(schema, SettingsSchema):
                schema().parse(environment)
        except RegistryError as error:
            of_list.append(str(error))
        except SettingsError as error:
            faults |= error.faults
    return {variable: messages for variable, messages in faults.items() if messages}


def development_secret() -> str:
    """The secret of this checkout, made at its first development start."""
    path = INSTANCE / "secret_key"
    path.parent.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_KEY_BYTES))
    return path.read_text().strip()


def read_environment(environment: Mapping[str, str], dotenv: Path = ROOT / ".env") -> dict[str, str]:
    """What the process was given, before what `.env` says."""
    return {**{name: value or "" for name, value in dotenv_values(dotenv).items()}, **environment}
