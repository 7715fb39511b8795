from collections.abc import Iterator

import click
from marshmallow import ValidationError

from service.agents.queries import AgentFilter
from service.agents.schemas.agents import NewAgentSchema
from service.agents.services import AgentService, Editor, ToldAgent
from service.cli.running import Failure, migrated_database, system_user, with_service
from service.cli.tables import echo_table, one_line, yes
from service.errors import DeskError
from service.http.components import component
from service.http.pagination import Page
from service.http.problems import flatten
from service.permissions import Role


@click.group()
def agents() -> None:
    """Show agents, make the first admin, and deactivate agents."""


@agents.command("create-admin")
@click.argument("email")
@click.argument("name")
@with_service
def create_admin(email: str, name: str) -> None:
    """Make an agent called NAME who may do everything, known by EMAIL."""
    migrated_database()
    try:
        new = NewAgentSchema().load({"email": email, "name": name, "role": Role.ADMIN.value})
        made = component(AgentService).create(new, by=_operator())
    except ValidationError as error:
        raise click.BadParameter(_faults(error)) from error
    except DeskError as error:
        raise Failure(str(error)) from error
    click.echo(f"Made the admin {made.agent.id}.")


@agents.command("list")
@with_service
def list_agents() -> None:
    """List the agents, those who were deactivated too."""
    migrated_database()
    echo_table(
        ("ID", "E-MAIL", "NAME", "ROLE", "STATUS", "ACTIVE", "TEAMS"),
        [
            (
                told.agent.id,
                one_line(told.agent.email),
                one_line(told.agent.name),
                told.agent.role.value,
                told.agent.status.value,
                yes(told.agent.active),
                one_line(", ".join(team.name for team in told.teams)) or "-",
            )
            for told in _every_agent()
        ],
    )


@agents.command()
@click.argument("agent_id", metavar="ID")
@with_service
def deactivate(agent_id: str) -> None:
    """Deactivate the agent ID: from then on they can do nothing, within seconds in every process."""
    migrated_database()
    try:
        component(AgentService).deactivate(agent_id, by=_operator())
    except DeskError as error:
        raise Failure(str(error)) from error
    click.echo(f"{agent_id} is not active.")


def _every_agent() -> Iterator[ToldAgent]:
    cursor = None
    while True:
        page = Page.asked(page=None, limit=None, cursor=cursor)
        listing = component(AgentService).listing(AgentFilter(), page)
        yield from listing.rows
        cursor = listing.pagination.next_cursor
        if cursor is None:
            return


def _operator() -> Editor:
    """Nobody is above whoever may run commands here."""
    return Editor(actor=f"cli:{system_user()}")


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{field}: {texts[0]}" for field, texts in flatten(error.messages).items())
