"""All simulated sources: each module of `kho.sandbox.sources` declares one, as `SOURCE`.

In:  the modules of that package; adding one is all that a new source needs.
Out: `Source`s in the order of their datasets' names, and what serves them.
"""

import importlib
import pkgutil
from functools import cache

from kho.sandbox import sources
from kho.sandbox.errors import SandboxConfigurationError
from kho.sandbox.services import Service
from kho.sandbox.source import AgencyTable, FileDrop, Source

GATEWAY = "lgsp"


@cache
def all_sources() -> tuple[Source, ...]:
    """Every source.

    Raises `SandboxConfigurationError` for a module that declares none, or not its own.
    """
    return tuple(_declared(name) for name in sorted(_module_names()))


def source_of(dataset: str) -> Source:
    """The source of a dataset; raises `KeyError`."""
    return {source.dataset: source for source in all_sources()}[dataset]


def services() -> dict[str, Service]:
    """The gateway's operations by dataset."""
    return {s.dataset: s.served for s in all_sources() if isinstance(s.served, Service)}


def tables() -> dict[str, AgencyTable]:
    """The agencies' tables by dataset."""
    return {s.dataset: s.served for s in all_sources() if isinstance(s.served, AgencyTable)}


def drops() -> dict[str, FileDrop]:
    """The drop folders by dataset."""
    return {s.dataset: s.served for s in all_sources() if isinstance(s.served, FileDrop)}


def connection_names() -> frozenset[str]:
    """The connections that lead to the sandbox where no other source is configured."""
    databases = {agency_connection(table.database) for table in tables().values()}
    return frozenset({GATEWAY, *databases, *(drop.connection for drop in drops().values())})


def agency_connection(database: str) -> str:
    """The connection that leads to an agency's database."""
    return f"agency_{database}"


def _module_names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(sources.__path__)]


def _declared(name: str) -> Source:
    module = importlib.import_module(f"{sources.__name__}.{name}")
    source = getattr(module, "SOURCE", None)
    if not isinstance(source, Source) or source.dataset != name:
        raise SandboxConfigurationError(
            f"{module.__name__} must declare SOURCE, a Source of dataset {name!r}"
        )
    return source
