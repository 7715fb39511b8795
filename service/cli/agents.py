import sys
from collections.abc import Iterator

import click
from marshmallow import ValidationError

from service.access.services import Credentials
from service.agents.queries import AgentFilter
from service.agents.schemas.agents import NewAgentSchema
from service.agents.services import AgentService, Editor, NewAgent, ToldAgent
from service.cli.operators import WHO, actor
from service.cli.running import Failure, migrated_database, with_service
from service.cli.tables import echo_table, one_line, yes
from service.errors import DeskError, InvalidField
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
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of the input.")
@WHO
@with_service
def create_admin(email: str, name: str, password_stdin: bool, by: str) -> None:
    """Make an agent called NAME who may do everything, and signs in as EMAIL.

    The password is asked for, and never an argument, which other users of the machine could read.
    """
    database = migrated_database()
    new = _new_admin(email, name)
    password = (
        _first_line()
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    try:
        with database.together():
            made = component(AgentService).create(new, by=Editor(actor=actor(by)))
            component(Credentials).set(made.agent, password, actor=actor(by))
    except InvalidField as error:
        raise Failure(f"{error.field}: {error}") from error
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
@WHO
@with_service
def deactivate(agent_id: str, by: str) -> None:
    """Deactivate the agent ID: from then on they can do nothing, within seconds in every process."""
    migrated_database()
    try:
        component(AgentService).deactivate(agent_id, by=Editor(actor=actor(by)))
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


def _new_admin(email: str, name: str) -> NewAgent:
    """Nobody is above whoever may run commands here."""
    try:
        new: NewAgent = NewAgentSchema().load({"email": email, "name": name, "role": Role.ADMIN.value})
    except ValidationError as error:
        faults = (f"{field}: {texts[0]}" for field, texts in flatten(error.messages).items())
        raise click.BadParameter("; ".join(faults)) from error
    return new


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _asked_for() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
