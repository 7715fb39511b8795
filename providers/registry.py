"""Providers by name: the built-in ones, and those that installed packages declare.

A package offers one through the entry-point group `support.providers`, `name = package.module:Class`.
Nothing is imported before it is looked up.

RegistryError
├── DuplicateProvider     two different classes claim one name
├── UnknownProvider       nobody offers that name
└── UnusableProvider      what stands behind the name cannot be loaded, or is no provider of that name
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract

from providers.interface import IntelligenceProvider

GROUP = "support.providers"

BUILT_INS: Mapping[str, str] = {
    "quimbi": "providers.quimbi.provider:QuimbiProvider",
    "statistical": "providers.statistical.provider:StatisticalProvider",
    "stub": "providers.stub.provider:StubProvider",
    "fallback": "providers.fallback.provider:FallbackProvider",
}


class RegistryError(Exception):
    """The installation is at fault, or the configuration that names a provider."""


class DuplicateProvider(RegistryError):
    pass


class UnknownProvider(RegistryError):
    pass


class UnusableProvider(RegistryError):
    pass


class Registry:
    def __init__(self, declared: Iterable[EntryPoint] | None = None) -> None:
        """`declared` stands in for the entry points of the installed packages.

        Raises `DuplicateProvider`. The same class declared twice is one provider.
        """
        self._entries = {name: EntryPoint(name, target, GROUP) for name, target in BUILT_INS.items()}
        for entry in entry_points(group=GROUP) if declared is None else declared:
            taken = self._entries.setdefault(entry.name, entry)
            if taken.value != entry.value:
                raise DuplicateProvider(f"{entry.name!r} is claimed by {taken.value} and by {entry.value}")

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def lookup(self, name: str) -> type[IntelligenceProvider]:
        """Raises `UnknownProvider` or `UnusableProvider`."""
        if name not in self._entries:
            raise UnknownProvider(f"no provider is called {name!r}; there are {', '.join(self.names())}")
        entry = self._entries[name]
        try:
            provider = entry.load()
        except (ImportError, AttributeError) as error:
            raise UnusableProvider(f"{name!r} cannot be loaded from {entry.value}: {error}") from error
        if not (isinstance(provider, type) and issubclass(provider, IntelligenceProvider)):
            raise UnusableProvider(f"{entry.value} is no IntelligenceProvider")
        if isabstract(provider):
            missing = ", ".join(sorted(provider.__abstractmethods__))
            raise UnusableProvider(f"{entry.value} leaves out {missing}")
        if getattr(provider, "name", None) != name:
            raise UnusableProvider(
                f"{entry.value} is declared as {name!r} but calls itself {getattr(provider, 'name', None)!r}"
            )
        return provider
