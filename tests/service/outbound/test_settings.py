"""What is set about what leaves the desk."""

from pathlib import Path

import pytest

from providers.settings import SettingsError
from service.outbound.settings import OutboundSettings
from service.settings import Settings

SOUND = {"ENVIRONMENT": "production", "SECRET_KEY": "s" * 32}
MAIL = {"NOTIFICATION_CHANNELS": "email", "SMTP_HOST": "mail.example.com", "SMTP_FROM": "desk@example.com"}


def faults(**environment: str) -> dict[str, list[str]]:
    with pytest.raises(SettingsError) as error:
        Settings.parse(SOUND | environment)
    return error.value.faults


def test_without_settings_the_log_is_told_and_webhooks_can_be_made() -> None:
    settings = OutboundSettings.from_environment({})
    assert settings.notification_channels == {"log", "webhook"}
    assert settings.outbound_allowed.hosts == frozenset()
    assert settings.slack_webhooks == {}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NOTIFICATION_CHANNELS", "log,fax"),
        ("NOTIFICATIONS_MAX_AGE_H", "0"),
        ("NOTIFY_CHURN_RISK", "1.1"),
        ("OUTBOUND_ALLOWED", "10.0.0.1/8"),
        ("OUTBOUND_ALLOWED", "https://hooks.intranet"),
        ("OUTBOUND_CA_FILE", "/no/such/file"),
        ("WEBHOOK_TIMEOUT", "60"),
        ("WEBHOOK_SIGNING_KEY", "short"),
        ("SLACK_WEBHOOKS", "https://hooks.slack.com/services/T/B/x"),
        ("SLACK_WEBHOOKS", "a=https://hooks.slack.com/x,a=https://hooks.slack.com/y"),
        ("SLACK_WEBHOOKS", "a=http://hooks.slack.com/x"),
        ("SLACK_WEBHOOKS", "a=https://169.254.169.254/"),
        ("SMTP_PORT", "0"),
        ("SMTP_SECURITY", "ssl"),
        ("SMTP_FROM", "desk"),
        ("SMTP_FROM", "a@b\r\nBcc: c@d"),
        ("SMTP_CA_FILE", "/no/such/file"),
        ("SMTP_TIMEOUT", "nan"),
        ("SMTP_PASSWORD", "word"),
        ("PUBLIC_URL", "desk"),
        ("PUBLIC_URL", "https://desk.example.com/?x"),
        ("PUBLIC_URL", "javascript:alert(1)"),
    ],
)
def test_what_means_nothing_is_told_by_its_variable(variable: str, value: str) -> None:
    found = faults(**{variable: value})
    assert list(found) == [variable]


def test_a_channel_that_lacks_what_it_needs_is_told() -> None:
    assert set(faults(NOTIFICATION_CHANNELS="email,slack")) == {"SMTP_HOST", "SMTP_FROM", "SLACK_WEBHOOKS"}
    assert OutboundSettings.from_environment(MAIL).notification_channels == {"email"}


def test_no_secret_is_shown() -> None:
    secret = {
        "SMTP_USERNAME": "user-7",
        "SMTP_PASSWORD": "word-7",
        "SLACK_WEBHOOKS": "a=https://hooks.slack.com/services/token-7",
        "WEBHOOK_SIGNING_KEY": "key-7" * 10,
    }
    shown = repr(OutboundSettings.from_environment(MAIL | secret))
    assert "-7" not in shown


def test_files_that_are_there_are_taken() -> None:
    here = str(Path(__file__))
    assert OutboundSettings.from_environment({"OUTBOUND_CA_FILE": here}).outbound_ca_file == here
