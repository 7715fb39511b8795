"""`flask --app wsgi …`, one file per group of commands."""

from flask import Flask

from service.cli.agents import agents
from service.cli.doctor import doctor
from service.cli.imports import imports
from service.cli.intelligence import intelligence
from service.cli.jobs import jobs
from service.cli.keys import keys
from service.cli.outbox import outbox
from service.cli.providers import providers
from service.cli.seed import seed
from service.cli.worker import worker


def install(app: Flask) -> None:
    for command in (agents, doctor, imports, intelligence, jobs, keys, outbox, providers, seed, worker):
        app.cli.add_command(command)
