"""The pages say nothing that is not so: links, settings, commands, log events and the reference."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from marshmallow import fields

from docs import reference
from providers.registry import Registry
from providers.resilience.settings import ChainSettingsSchema
from providers.settings import SettingsSchema
from service import cli
from service.outbound.settings import OutboundSettingsSchema
from service.settings import ServiceSettings
from tests.pages import BLOCK, DOCS, PAGES, ROOT, SPAN, blocks, code_in

LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
ASSIGNED = re.compile(r"(?:^|\s)([A-Z][A-Z0-9_]+)=", re.MULTILINE)
NAMED = re.compile(r"([A-Z][A-Z0-9_]+)(?:=.*)?")
NO_VARIABLES = {"DEBUG", "ERROR", "FLUSHDB", "GET", "INFO"}
OWN_VARIABLE = re.compile(r'data_key="(\w+)"')
FLASK = re.compile(r"flask --app wsgi ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?")
MODULE = re.compile(r"python -m ([\w.]+)")
MAKE = re.compile(r"(?<!keys )\bmake ([a-z-]+)\b")
SETTING_ROW = re.compile(r"^\| ((?:`[A-Z][A-Z0-9_]+`(?:, )?)+) \| ([^|]+) \|", re.MULTILINE)
UNSET = {"\N{EN DASH}", "see below"}
LOG_METHODS = {"debug", "info", "warning", "error", "exception"}

EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
EVERY_WRITTEN_PAGE = pytest.mark.parametrize(
    "page", [page for page in PAGES if page != reference.PAGE], ids=lambda page: page.name
)
RUNBOOK = DOCS / "runbook.md"


def settings_fields() -> dict[str, fields.Field[Any]]:
    """By variable: of the service, of the chain, and of every built-in provider."""
    registry = Registry(())
    schemas: list[type[Any]] = [ServiceSettings, ChainSettingsSchema, OutboundSettingsSchema]
    schemas += [schema for name in registry.names() if (schema := registry.lookup(name).settings_schema)]
    assert all(issubclass(schema, SettingsSchema) for schema in schemas)
    return {field.data_key: field for schema in schemas for field in schema().fields.values()}


# ---------------------------------------------------------------- links


def anchors(page: Path) -> set[str]:
    return {reference.slug(heading) for heading in HEADING.findall(BLOCK.sub("", page.read_text()))}


@EVERY_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(BLOCK.sub("", page.read_text())):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = [link.partition("#")[0] for link in LINK.findall(page.read_text())]
        waiting += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    assert set(PAGES) <= reached


# ---------------------------------------------------------------- settings


@EVERY_WRITTEN_PAGE
def test_every_setting_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    shell = "\n".join(block.text for block in blocks(page) if block.language in {"sh", "console"})
    spans = filter(None, map(NAMED.fullmatch, SPAN.findall(BLOCK.sub("", text))))
    named = {*ASSIGNED.findall(shell), *(span[1] for span in spans)} - NO_VARIABLES
    assert named - set(settings_fields()) - set(OWN_VARIABLE.findall(text)) == set()


def told_defaults(page: Path) -> dict[str, str]:
    """By variable, from the tables of settings; a row may tell several, and one default for all of them."""
    told = {}
    for named, defaults in SETTING_ROW.findall(page.read_text()):
        names = SPAN.findall(named)
        each = defaults.replace("`", "").split(", ")
        told |= dict(zip(names, each * len(names) if len(each) == 1 else each, strict=True))
    return told


@EVERY_PAGE
def test_every_default_that_is_told_is_the_default(page: Path) -> None:
    known = settings_fields()
    for name, told in told_defaults(page).items():
        default = None if known[name].required else known[name].load_default
        if default in (None, "", ()):
            assert told in UNSET, name
        elif isinstance(default, bool):
            assert told == str(default).lower(), name
        elif isinstance(default, int | float):
            assert float(told) == default, name
        elif isinstance(default, tuple):
            assert told == ",".join(default), name
        else:
            assert told == str(default), name


def test_the_guide_tells_every_setting_of_quimbi() -> None:
    schema = Registry(()).lookup("quimbi").settings_schema
    assert schema
    told = told_defaults(DOCS / "INTEGRATION_GUIDE.md")
    assert {field.data_key for field in schema().fields.values()} <= set(told)


# ---------------------------------------------------------------- commands


def flask_commands() -> click.Group:
    """Those of the project beside Flask's own `db`."""
    app = Flask("service", static_folder=None)
    cli.install(app)
    return app.cli


@EVERY_PAGE
def test_every_flask_command_that_is_named_exists(page: Path) -> None:
    commands = flask_commands().commands
    for group, subcommand in (found for code in code_in(page) for found in FLASK.findall(code)):
        if group == "db":  # Flask-Migrate's
            assert subcommand == "upgrade"
            continue
        assert group in commands, group
        command = commands[group]
        if subcommand and isinstance(command, click.Group):
            assert subcommand in command.commands, f"{group} {subcommand}"


@EVERY_PAGE
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join(code_in(page))
    commands = [line.partition(" #")[0] for line in code.splitlines()]
    assert {target for command in commands for target in MAKE.findall(command)} <= targets


@EVERY_PAGE
def test_every_module_that_is_run_exists(page: Path) -> None:
    for module in {name for code in code_in(page) for name in MODULE.findall(code)}:
        assert importlib.util.find_spec(module), module


# ---------------------------------------------------------------- log events


def logged() -> Iterator[tuple[str, str]]:
    """(event, level) of every log call whose event is written where it is logged."""
    for path in [*(ROOT / "service").rglob("*.py"), *(ROOT / "providers").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                levels = {
                    part.attr
                    for part in ast.walk(node.func)
                    if isinstance(part, ast.Attribute)
                    and isinstance(part.value, ast.Name)
                    and part.value.id == "log"
                }
                for event in ast.walk(node.args[0]):
                    if isinstance(event, ast.Constant) and isinstance(event.value, str):
                        yield from ((event.value, level) for level in levels & LOG_METHODS)


def told_events() -> set[str]:
    table = RUNBOOK.read_text().partition("## Log events")[2]
    first_columns = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    return {name for column in first_columns for name in re.findall(r"`(\w+)`", column)}


def test_every_log_event_of_the_runbook_exists() -> None:
    text = RUNBOOK.read_text()
    grepped = re.findall(r'"event":"(\w+)"', text)
    for choices, ending in re.findall(r'"event":"(\w*)\(([\w|]+)\)"', text):
        grepped += [choices + choice for choice in ending.split("|")]
    source = "".join(
        path.read_text() for name in ("service", "providers") for path in (ROOT / name).rglob("*.py")
    )
    assert len(grepped) > 15
    assert {event for event in {*grepped, *told_events()} if f'"{event}"' not in source} == set()


def test_every_warning_and_error_that_can_be_logged_has_its_line_in_the_runbook() -> None:
    serious = {event for event, level in logged() if level in {"warning", "error", "exception"}}
    assert len(serious) > 15
    assert serious - told_events() == set()


# ---------------------------------------------------------------- the import contracts


def test_the_layers_are_drawn_as_the_import_contract_has_them() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    layers = setup["importlinter:contract:direction"]["layers"].split("\n")
    drawn = [block.text.strip() for block in blocks(DOCS / "ARCHITECTURE.md")]
    assert "\n".join(layer.strip() for layer in layers).strip() in drawn


# ---------------------------------------------------------------- the reference


def test_the_reference_is_that_of_the_code() -> None:
    current = reference.page_of(reference.openapi_document())
    assert reference.PAGE.read_text(encoding="utf-8") == current, "out of date; run: make reference"


def test_the_reference_tells_every_field_of_every_answer() -> None:
    document = reference.openapi_document()
    page = reference.PAGE.read_text(encoding="utf-8")
    for name in ("Intelligence", "Draft", "Recommendation", "Problem", "NewTicket"):
        section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        for field in document["components"]["schemas"][name]["properties"]:
            assert f"| `{field}` |" in section, f"{name}.{field}"


# ---------------------------------------------------------------- manner


@EVERY_PAGE
def test_a_page_speaks_of_the_project_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"/(?:root|work|tmp|home)/", text)
    assert not re.search("[\N{SNOWMAN}-\N{HEAVY EXCLAMATION MARK SYMBOL}\U0001f300-\U0001faff]", text), (
        "emoji"
    )


@EVERY_PAGE
def test_every_block_of_code_says_its_language_or_is_a_drawing(page: Path) -> None:
    for block in blocks(page):
        assert block.language or re.search(r"[├└/|]", block.text), block.text
