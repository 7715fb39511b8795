"""Whether a column holds one of many values, which are one parameter.

A list in a statement is written out anew whenever it is asked: with each length it is another statement to
SQLAlchemy, to the driver and to the database, none of which has it prepared.
"""

from typing import Any, Self

from msgspec import json
from sqlalchemy import Boolean, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator


class _Texts(TypeDecorator[list[str]]):
    """As a JSON array, which both databases take apart."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.encode(value).decode()


class Among(FunctionElement[bool]):
    """`column` holds one of the texts of the parameter `name`."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: InstrumentedAttribute[str], name: str) -> None:
        super().__init__(column, bindparam(name, type_=_Texts()))

    def self_group(self, against: OperatorType | None = None) -> Self:  # as it is called
        """As it is: SQLite, which has no booleans, would compare it with 1 and use no index."""
        return self


@compiles(Among)
def _in_them(among: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(one, **options) for one in among.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608  # parts that are compiled already


@compiles(Among, "postgresql")
def _any_of_them(among: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(one, **options) for one in among.clauses)
    return f"{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST({texts} AS JSON))))"
