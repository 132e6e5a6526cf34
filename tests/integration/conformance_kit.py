"""What the conformance tests do to a source, whatever dataset it serves.

In: a contract. Out: the ways to spoil what its source sends and to look at what was landed. REST sources are
spoiled on their way, by a gateway in front of the sandbox; tables are changed in the agency's database (`alterable`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from starlette.responses import Response

from kho import pipeline
from kho.contracts import Contract, RestSource, SqlSource, load_contracts
from kho.contracts.model import Column
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import Manifest, read_manifest
from kho.sandbox.registry import all_sources
from kho.stage import stage_table

from .alterable import Alterable, alterable
from .night import EPOCH, Province
from .spoiling import Gateway, with_records

Records = list[dict[str, Any]]

SIMULATED = {source.dataset for source in all_sources()}
CONTRACTS = {
    contract.dataset: contract
    for contract in load_contracts()
    if contract.source.kind == "reference" or contract.dataset in SIMULATED
}
"""Of the others there is no source that may be spoiled."""

REST = [name for name, contract in CONTRACTS.items() if isinstance(contract.source, RestSource)]
TABLES = [name for name, contract in CONTRACTS.items() if isinstance(contract.source, SqlSource)]
WINDOWED = [name for name in REST if CONTRACTS[name].source.window is not None]  # type: ignore[union-attr]
LAST_SECOND = datetime.combine(EPOCH - timedelta(days=1), datetime.max.time()).replace(microsecond=0)
MIDNIGHT = datetime.combine(EPOCH - timedelta(days=1), datetime.min.time())
STRANGE = "Nguye\u0302\u0303n\u200b  Văn A 😀 Đăk KRoong Hlôih\u0000\u0007"
"""NFD letters, a zero-width space, two spaces, an emoji, names of the highlands, NUL and a control character."""


@dataclass
class Case:
    """One dataset with a warehouse of its own that knows the master data."""

    contract: Contract
    province: Province
    gateway: Gateway

    @property
    def dataset(self) -> str:
        return self.contract.dataset

    def extract(self, as_of: date = EPOCH) -> pipeline.StepResult:
        return pipeline.extract(self.dataset, as_of, self.province.context)

    def manifest(self, batch_id: str | None) -> Manifest:
        assert batch_id
        return read_manifest(self.province.context.settings.raw_zone / self.dataset / batch_id)

    def landed(self, batch_id: str | None) -> pa.Table:
        assert batch_id
        folder = self.province.context.settings.raw_zone / self.dataset / batch_id
        return pa.concat_tables([pq.read_table(path) for path in record_files(folder)])

    def records(self, batch_id: str | None) -> Counter[str]:
        """The landed records, in whatever order they came."""
        return Counter(map(repr, self.landed(batch_id).drop_columns("_row").to_pylist()))

    def staged(self, column: str) -> list[Any]:
        """The values of a column, conformed and staged."""
        result = self.extract()
        assert result.batch_id
        pipeline.stage(result.batch_id, self.province.context)
        table = stage_table(result.batch_id).quoted
        return [row[0] for row in self.province.rows(f"SELECT {column} FROM {table}")]

    def batches(self) -> int:
        return int(self.province.scalar("SELECT count(*) FROM meta.batch WHERE dataset = :d", d=self.dataset))

    def published(self) -> list[str]:
        """The batches that stand in the raw zone."""
        home = self.province.context.settings.raw_zone / self.dataset
        return sorted(path.name for path in home.glob("[!.]*")) if home.exists() else []

    # What the source is made to do.

    def spoil(self, change: Callable[[Records], Records]) -> None:
        """Change the records of this dataset's answers on their way."""
        source = self.contract.source
        assert isinstance(source, RestSource)
        path = [] if source.envelope.records == "$" else source.envelope.records.split(".")

        def spoiler(asked: str, query: dict[str, str], response: Response) -> Response:
            return with_records(path, change)(asked, query, response) if asked == source.path else response

        self.gateway.spoiler = spoiler

    def answer(self, reply: Callable[[int, Response], Response]) -> None:
        """Replace this dataset's answers; `reply` gets the answer's number, from 1."""
        source = self.contract.source
        assert isinstance(source, RestSource)
        count = 0

        def spoiler(asked: str, _query: dict[str, str], response: Response) -> Response:
            nonlocal count
            if asked != source.path:
                return response
            count += 1
            return reply(count, response)

        self.gateway.spoiler = spoiler

    def column(self, *logical_types: str, needed: bool | None = None) -> Column:
        """A column of one of these types that is no key; `needed` or not."""
        keys = {column.source_name for column in self.contract.key}
        for column in self.contract.columns:
            plain = not (column.is_nested or column.source_name in keys)
            if plain and column.logical_type in logical_types and needed in (None, column.required):
                return column
        raise LookupError(f"{self.dataset} has no such column")

    def written(self, column: Column, moment: datetime) -> str:
        """A moment as the source writes it."""
        return moment.strftime(column.source_format) if column.source_format else moment.isoformat()

    @property
    def table(self) -> Alterable:
        """The table that serves it, which the test may change."""
        return alterable(self.contract, self.province.sandbox)


def free_text(contract: Contract) -> Column | None:
    """The text column that is most likely free text; None if all texts are codes of the key or the agency."""
    texts = [
        column
        for column in contract.columns
        if column.logical_type == "string"
        and column.source_name not in {key.source_name for key in contract.key}
        and column.name != contract.quality.agency_column
        and column.charset in (None, "unicode")
        and column.source_type in (None, "text")
    ]
    return min(texts, key=lambda one: (one.required, one.text_hygiene != "clean"), default=None)


def without(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != field}


def with_password(province: Province, connection: str, password: str) -> Province:
    """The same province, whose connection has another password."""
    known = province.context.connections

    class Wrong:
        def get(self, name: str) -> Any:
            found = known.get(name)
            return replace(found, password=password) if name == connection else found

    return replace(province, context=replace(province.context, connections=Wrong()))
