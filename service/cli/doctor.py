import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from providers.chain import IntelligenceChain
from providers.settings import SettingsError
from service.access.services import ApiKeys, Credentials
from service.cache import GatedAnswerCache, InProcessAnswerCache
from service.cli import checks
from service.cli.checks import Check, Result
from service.cli.provider_checks import check_providers
from service.cli.running import close_service, settings_fault
from service.cli.tables import echo_table
from service.clock import SystemClock
from service.database import Database
from service.feed.relay import Relay
from service.http.components import component
from service.jobs import JobRunner
from service.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check the integration: settings, Redis, database, and one real call for each capability.

    Exits with 1 where something is wrong. The calls count against a provider's quota.
    """
    fault = settings_fault()
    try:
        found = list(_of_settings(fault) if fault else _of_service())
    finally:
        if fault is None:
            close_service()
    wrong = [check for check in found if check.result is Result.WRONG]
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "checks": [asdict(check) for check in found]}, indent=2))
    else:
        _echo(found, len(wrong))
    if wrong:
        raise click.exceptions.Exit(1)


def _of_settings(fault: SettingsError) -> Iterator[Check]:
    for variable, messages in sorted(fault.faults.items()):
        yield Check(variable, Result.WRONG, "cannot be used", " ".join(messages))


def _of_service() -> Iterator[Check]:
    settings = component(Settings)
    yield Check("settings", Result.OK, f"{settings.environment}, without a fault")
    yield checks.check_quimbi_key(settings)
    yield checks.check_callers(settings, component(ApiKeys), component(Credentials))
    yield checks.check_cache(
        component(GatedAnswerCache) if settings.redis_url else component(InProcessAnswerCache)
    )
    yield from checks.check_database(component(Database))
    yield checks.check_timed_work(settings, component(Relay), component(JobRunner), SystemClock())
    yield from check_providers(component(IntelligenceChain), settings, SystemClock())
    yield checks.check_origins(settings)
    yield checks.check_log_file(settings.log_file)


def _echo(found: Sequence[Check], wrong: int) -> None:
    echo_table(
        ("CHECK", "RESULT", "FOUND", "WHAT TO DO"),
        [(check.name, check.result, check.found, check.cure) for check in found],
    )
    click.echo(f"\n{wrong or 'Nothing'} {'are' if wrong > 1 else 'is'} wrong; {len(found)} checked.")
