"""A province in small: a sandbox, a server, and warehouses to load it into.

In: a size. Out: `Province`, on which a test turns the clock, runs nights, and looks at the star.
Everything is real: HTTP, SQL, PostgreSQL; only the number of dossiers is small.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import requests
import sqlalchemy as sa

from kho import pipeline
from kho.connections import Connection
from kho.contracts import Contract, load_contract, load_contracts
from kho.contracts.sources import RestSource
from kho.errors import ConnectionMissing
from kho.night.sources import admin_url, connections_of
from kho.pipeline import Context, StepResult
from kho.sandbox import process
from kho.sandbox.registry import all_sources
from kho.sandbox.state import SandboxState
from kho.server import mariadb, postgres, warehouse
from kho.settings import Settings

from .comparable import Rows, whole_star
from .embedded import EMPTY, copy_database, temporary_home, throwaway_server

EPOCH = date(2026, 11, 20)


@dataclass
class Province:
    """The sandbox and one warehouse of its own."""

    settings: Settings
    server: postgres.Server
    sandbox: SandboxState
    context: Context

    def copy(self) -> Province:
        """Another province with a copy of this one's warehouse and a raw zone of its own."""
        self.context.engine.dispose()
        template = str(self.context.engine.url.database)
        made = new_province(self.settings, self.server, self.sandbox, template=template)
        if self.context.settings.secrets_file.is_file():
            # The copy's pseudonyms were made with this one's key.
            shutil.copy(self.context.settings.secrets_file, made.context.settings.secrets_file)
        return made

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to work on this province."""
        url = self.context.engine.url.render_as_string(hide_password=False)
        return {"KHO_HOME": str(self.context.settings.home), "KHO_WAREHOUSE_URL": url}

    def set_clock(self, today: date) -> None:
        process.set_clock(self.settings, today)

    def run(self, dataset: str, as_of: date) -> list[StepResult]:
        return pipeline.run_dataset(dataset, as_of, self.context)

    def run_night(self, as_of: date) -> dict[str, str]:
        """Every dataset, in the order of their dependencies; returns how each fared."""
        self.set_clock(as_of)
        return {dataset: self.run(dataset, as_of)[-1].outcome for dataset in in_order()}

    def manifest(self, dataset: str, on: date) -> dict[str, Any]:
        answer = requests.get(
            f"{self.sandbox.lgsp_url}/_sandbox/manifest",
            params={"dataset": dataset, "date": on.isoformat()},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    def misbehave(self, **how: Any) -> None:
        requests.post(f"{self.sandbox.lgsp_url}/_sandbox/misbehave", json=how, timeout=10).raise_for_status()

    def behave(self) -> None:
        requests.delete(f"{self.sandbox.lgsp_url}/_sandbox/misbehave", timeout=10).raise_for_status()

    def requests(self, path: str) -> int:
        """How often the sandbox was asked for this path so far."""
        answer = requests.get(f"{self.sandbox.lgsp_url}/_sandbox/health", timeout=10)
        return int(answer.json()["requests"].get(path, 0))

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.context.engine.connect() as db:
            return [tuple(row) for row in db.execute(sa.text(query), parameters)]

    def scalar(self, query: str, **parameters: Any) -> Any:
        return self.rows(query, **parameters)[0][0]

    def everything_in_dw(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables of the star, every column."""
        tables = self.rows(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'dw' AND table_type = 'BASE TABLE'"
        )
        return {name: sorted(map(repr, self.rows(f"SELECT * FROM dw.{name}"))) for (name,) in tables}

    def star(self, *only: str) -> Rows:
        """The star, or these tables of it, to compare it with another province's."""
        return whole_star(self.context, *only)


def with_small_pages(dataset: str) -> Contract:
    """The dataset's contract, with pages so small that every window has several."""
    contract = load_contract(dataset)
    if not isinstance(contract.source, RestSource):
        return contract
    paging = contract.source.paging.model_copy(update={"page_size": 100})
    source = contract.source.model_copy(update={"paging": paging})
    return contract.model_copy(update={"source": source})


def in_order() -> list[str]:
    """The datasets that the sandbox or the project itself has, each after those it depends on."""
    simulated = {source.dataset for source in all_sources()}
    contracts = {
        contract.dataset: contract
        for contract in load_contracts()
        if contract.source.kind == "reference" or contract.dataset in simulated
    }
    done: list[str] = []
    while len(done) < len(contracts):
        done += [
            name
            for name, contract in contracts.items()
            if name not in done and set(contract.depends_on) <= set(done)
        ]
    return done


class SandboxConnections:
    """The sandbox's connections, patient or not."""

    def __init__(self, sandbox: SandboxState, **extra: Any) -> None:
        quick = {"retry_base": 0.05, "retry_max": 1.2, "read_timeout": 3, "max_attempts": 4} | extra
        self._known = {found.name: found for found in connections_of(sandbox)}
        gateway = self._known["lgsp"]
        self._known["lgsp"] = replace(gateway, extra=gateway.extra | quick)

    def get(self, name: str) -> Connection:
        if name not in self._known:
            raise ConnectionMissing(f"the sandbox has no connection '{name}'")
        return self._known[name]

    def all(self) -> list[Connection]:
        return list(self._known.values())


@contextlib.contextmanager
def a_sandbox(
    size: int, prefix: str = "kho-", **options: Any
) -> Iterator[tuple[Settings, postgres.Server, SandboxState]]:
    """A running server and sandbox in a folder of their own, whose name begins with `prefix`."""
    with temporary_home(prefix) as settings:
        server = throwaway_server(settings)
        admin = server.url("postgres").render_as_string(hide_password=False)
        other = admin_url(mariadb.ensure_running(settings), settings)
        servers = {"postgresql": admin, "mariadb": other}
        process.up(settings, size=size, epoch_date=EPOCH, admin_urls=servers, **options)
        try:
            yield settings, server, process.set_clock(settings, EPOCH)
        finally:
            process.down(settings)


def new_province(
    settings: Settings, server: postgres.Server, sandbox: SandboxState, template: str = EMPTY
) -> Province:
    """A warehouse beside the others, empty or a copy of `template`, with its own raw zone."""
    name = f"w_{uuid.uuid4().hex[:8]}"
    copy_database(server, template, name)
    own = replace(
        settings,
        home=settings.home / name,
        warehouse_url=server.url(name).render_as_string(hide_password=False),
    )
    own.home.mkdir()
    engine = warehouse.open_warehouse(own)
    return Province(settings, server, sandbox, Context(engine, SandboxConnections(sandbox), own))


@contextlib.contextmanager
def a_loaded_province(*datasets: str, **options: Any) -> Iterator[Province]:
    """A province in which the first night of some datasets went well, with its marts."""
    with a_sandbox(**options) as running:
        province = new_province(*running)
        province.set_clock(EPOCH)
        for dataset in datasets:
            outcome = province.run(dataset, EPOCH)[-1].outcome
            assert outcome == "loaded", dataset
        pipeline.build_star(EPOCH, province.context)
        yield province
