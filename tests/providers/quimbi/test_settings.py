import pytest

from providers.quimbi.settings import QuimbiSettings, QuimbiSettingsSchema, usable_key
from providers.settings import SettingsError

REQUIRED = {"QUIMBI_BASE_URL": "https://quimbi.example.com/", "QUIMBI_API_KEY": "qpk_live_a1B2c3"}


def faults_of(**changed: str) -> dict[str, list[str]]:
    with pytest.raises(SettingsError) as caught:
        QuimbiSettings.from_environment(REQUIRED | changed)
    return caught.value.faults


def test_two_variables_are_enough() -> None:
    assert QuimbiSettings.from_environment(REQUIRED) == QuimbiSettings(
        base_url="https://quimbi.example.com",
        api_key="qpk_live_a1B2c3",
        timeout_s=30.0,
        max_retries=3,
        max_concurrency=8,
        rate_per_minute=100,
        rate_per_hour=1000,
        currency=None,
        health_customer="test_customer_high_ltv",
    )


def test_the_key_is_never_shown() -> None:
    assert "qpk_live" not in repr(QuimbiSettings.from_environment(REQUIRED))


@pytest.mark.parametrize(
    "key",
    [
        *(
            "",
            "your-api-key-here",
            "YOUR_API_KEY",
            "your key",
            "<your key>",
            "qpk_live_your-key-here",
            "changeme",
        ),
        *("qpk_test_xxxxxxxx", "qpk_live_...", "qpk_live_…", "please-change-me", "${QUIMBI_API_KEY}", "none"),
    ],
)
def test_an_example_key_counts_as_none(key: str) -> None:
    assert usable_key({"QUIMBI_API_KEY": key}) is None


@pytest.mark.parametrize("key", ["qpk_live_a1B2c3", "qpk_test_simulator", "qpk_live_youR4xxx9"])
def test_an_issued_key_is_usable(key: str) -> None:
    assert usable_key({"QUIMBI_API_KEY": f" {key}\n"}) == key


def test_no_variable_means_no_key() -> None:
    assert usable_key({}) is None


def test_what_is_missing_is_told_all_at_once_with_its_cure() -> None:
    with pytest.raises(SettingsError) as caught:
        QuimbiSettings.from_environment({})
    assert set(caught.value.faults) == {"QUIMBI_BASE_URL", "QUIMBI_API_KEY"}
    assert all(messages[0].startswith("Set the ") for messages in caught.value.faults.values())


def test_an_example_key_is_refused_with_its_cure_and_without_its_value() -> None:
    (message,) = faults_of(QUIMBI_API_KEY="changeme")["QUIMBI_API_KEY"]
    assert "Quimbi issued" in message
    assert "changeme" not in message


def test_a_key_that_no_header_can_carry_is_refused() -> None:
    assert faults_of(QUIMBI_API_KEY="qpk_live_a\r\nb")


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9009", "http://127.0.0.1:9009/", "http://[::1]:9009", "https://q.example.com/v1/"],
)
def test_plain_http_is_for_loopback_only(url: str) -> None:
    assert QuimbiSettings.from_environment(REQUIRED | {"QUIMBI_BASE_URL": url}).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://quimbi.example.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "quimbi.example.com",
            "https://",
        ),
        *("https://user:pw@quimbi.example.com", "https://q.example.com?a=1", "https://q.example.com#a"),
        *("https://q.example.com?", "https://q.example.com:99999", "https://[::1", "https://a b.example.com"),
        *("http://localhost.example.com", "http://127.0.0.1@example.com", "https://q.example.com\\@evil"),
    ],
)
def test_an_address_that_could_leak_the_key_is_refused(url: str) -> None:
    assert "https://quimbi.example.com" in faults_of(QUIMBI_BASE_URL=url)["QUIMBI_BASE_URL"][0]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("QUIMBI_TIMEOUT", value) for value in ("0", "-1", "nan", "inf", "301", "soon")),
        *(("QUIMBI_MAX_RETRIES", value) for value in ("-1", "11", "2.5", "many")),
        *(("QUIMBI_MAX_CONCURRENCY", value) for value in ("0", "1001", "1e3")),
        *(("QUIMBI_RATE_PER_MINUTE", value) for value in ("0", "9" * 30)),
        *(("QUIMBI_RATE_PER_HOUR", value) for value in ("0", "9" * 30)),
        *(("QUIMBI_CURRENCY", value) for value in ("eur", "EURO", "€")),
    ],
)
def test_a_bad_value_is_refused_with_its_cure(variable: str, value: str) -> None:
    (message,) = faults_of(**{variable: value})[variable]
    assert message.startswith("Set ")


def test_no_retries_is_a_choice() -> None:
    assert QuimbiSettings.from_environment(REQUIRED | {"QUIMBI_MAX_RETRIES": "0"}).max_retries == 0


@pytest.mark.parametrize(("processes", "share"), [(1, 8), (2, 4), (3, 2), (8, 1), (50, 1)])
def test_processes_share_the_concurrency_and_each_has_at_least_one_place(processes: int, share: int) -> None:
    assert QuimbiSettings.from_environment(REQUIRED).policy(processes).max_concurrency == share


def test_the_guards_follow_the_settings() -> None:
    environment = REQUIRED | {"QUIMBI_TIMEOUT": "7.5", "QUIMBI_MAX_RETRIES": "1"}
    policy = QuimbiSettings.from_environment(environment).policy(1)
    assert (policy.attempt_timeout_s, policy.max_retries, policy.cached) == (7.5, 1, True)
    assert (policy.calls_per_minute, policy.calls_per_hour) == (100, 1000)


def test_every_variable_is_described() -> None:
    assert all(field.metadata["description"] for field in QuimbiSettingsSchema().fields.values())
