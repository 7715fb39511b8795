import click

from providers.chain import IntelligenceChain
from providers.deadline import Deadline
from providers.interface import Connection
from service.cli.running import Failure, migrated_database, with_service
from service.cli.tables import echo_table, yes
from service.clock import SystemClock
from service.http.components import component
from service.provider_control.services import ProviderControl
from service.settings import Settings

CHECK_DEADLINE_S = 30.0

WHY = {
    "configured": "INTELLIGENCE_PROVIDERS lists them",
    "quimbi_key": "QUIMBI_API_KEY is set and INTELLIGENCE_PROVIDERS is not",
    "development": "development without a Quimbi key",
    "no_key": "neither a Quimbi key nor INTELLIGENCE_PROVIDERS is set",
}


@click.group()
def providers() -> None:
    """Show and try the providers of intelligence."""


@providers.command("list")
@with_service
def list_providers() -> None:
    """List the providers in the order in which they are asked."""
    migrated_database()
    echo_table(
        ("NAME", "ENABLED", "GENERIC", "CAPABILITIES"),
        [
            (state.name, yes(state.enabled), yes(state.generic), ", ".join(state.capabilities))
            for state in component(ProviderControl).states()
        ],
    )
    chosen_by = component(Settings).providers_chosen_by
    click.echo(f"\nChosen because: {WHY.get(chosen_by, chosen_by)}.")


@providers.command()
@click.argument("name", required=False)
@with_service
def check(name: str | None) -> None:
    """Make one real call to each provider, or to NAME."""
    chain = component(IntelligenceChain)
    listed = list(chain.status())
    if name is not None and name not in listed:
        raise click.BadParameter(f"there is no provider {name!r}; there are: {', '.join(listed)}")
    checked = [_check(chain, each) for each in ([name] if name else listed)]
    echo_table(("NAME", "CONNECTION", "REASON", "SECONDS"), checked)
    failed = [row[0] for row in checked if row[1] != Connection.CONNECTED]
    if failed:
        raise Failure(f"No answer from: {', '.join(failed)}.")


def _check(chain: IntelligenceChain, name: str) -> tuple[str, str, str, str]:
    clock = SystemClock()
    started_s = clock.monotonic()
    health = chain.guarded(name).check_health(Deadline.after(CHECK_DEADLINE_S, clock))
    return name, health.connection, health.reason or "", f"{clock.monotonic() - started_s:.3f}"
