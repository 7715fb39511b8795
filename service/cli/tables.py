"""Rows of text under their headings, as wide as they need to be."""

from collections.abc import Sequence

import click

GAP = "  "


def echo_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, ["-" * width for width in widths], *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(GAP.join(cells).rstrip())


def one_line(text: str) -> str:
    """Text of somebody else, without what a terminal would obey."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def yes(value: bool) -> str:
    return "yes" if value else "no"
