"""How a view finds the services that `service.wiring` made for its application."""

from typing import TypeVar, cast

from flask import Flask, current_app

T = TypeVar("T")
_EXTENSION = "support.components"


def provide(app: Flask, *components: object) -> None:
    known = app.extensions.setdefault(_EXTENSION, {})
    known.update({type(component): component for component in components})


def component(kind: type[T]) -> T:
    return cast(T, current_app.extensions[_EXTENSION][kind])
