"""Corrections as data: spot fixes of single values, each with its reason, its author and its end.

In: `include/corrections/<dataset>.yaml` and a landed batch. Out: the batch with the corrected values, for
staging; the raw zone is never changed. A correction that no longer matches what the source sends fails the
dataset's night, with file and line: the source was mended, or says something else now, and a person has to
look. One that matches and does not hold that day, or whose record has never come yet, is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import duckdb
from duckdb import CaseExpression, ColumnExpression, ConstantExpression, Expression, StarExpression
from pydantic import ConfigDict, Field, StrictStr, ValidationError, model_validator

from kho.duck import connect as duck_connect
from kho.errors import ConfigurationError, ContractError
from kho.raw_zone.landing import record_files
from kho.settings import get_settings
from kho.sql_files import run_file
from kho.yaml_model import Frozen, first_mistake
from kho.yaml_source import YamlDocument, load_yaml

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract
    from kho.raw_zone.manifest import Manifest

Text = Annotated[StrictStr, Field(min_length=1)]


class Correction(Frozen):
    """One value of one record, or of `rows` records with the same key."""

    model_config = ConfigDict(populate_by_name=True)

    id: Annotated[StrictStr, Field(pattern=r"^[a-z0-9_]{3,80}$")]
    key: dict[str, Text]
    """The business key: each of its columns, as the source writes it."""
    column: Text
    old: StrictStr | None = Field(alias="from")
    """What the source says, as it writes it; null: nothing."""
    new: Text = Field(alias="to")
    why: Text
    reported_to: Text
    by: Text
    date: dt.date
    rows: int = Field(ge=1)
    valid_until: dt.date
    valid_from: dt.date | None = None
    """The first night, or day of a replay; the day it was written unless told."""
    where: str = ""
    """File and line."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Correction:
        if self.valid_until < self.first_day:
            raise ValueError("valid_until is before the correction begins")
        if self.old == self.new:
            raise ValueError("'from' and 'to' are the same")
        return self

    @property
    def first_day(self) -> dt.date:
        return self.valid_from or self.date

    def in_force(self, day: dt.date) -> bool:
        """Whether it holds in the night of `day`, or in a replay on that day."""
        return self.first_day <= day <= self.valid_until


class _File(Frozen):
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction and how many records of a batch it changes."""

    correction: Correction
    rows: int


def corrections_path(dataset: str) -> Path:
    """Where the corrections of a dataset are, if it has any."""
    return get_settings().corrections_dir / f"{dataset}.yaml"


def corrections_in_force(contract: Contract, day: dt.date) -> tuple[Correction, ...]:
    """The corrections of a dataset that hold in a night, or in a replay on that day.

    Raises:
        ContractError: the file is wrong; `where` names file and line.
    """
    return tuple(one for one in _corrections(contract) if one.in_force(day))


def count_matches(
    contract: Contract, fixes: Sequence[Correction], manifest: Manifest, folder: Path
) -> tuple[Applied, ...]:
    """How many records of a batch each correction changes.

    Those whose key did not come are left out, unless the batch says that the source has no such record.

    Raises:
        ConfigurationError: a key came, but not as often, or not with the value, that its correction expects;
            or the source was read whole and does not have it.
    """
    applied = []
    with duck_connect(threads=2, memory="200MB") as duck:
        for fix, present, matching in _found(duck, contract, fixes, folder, typed=True):
            gone = not present and _is_gone(duck, contract, fix, manifest, folder)
            if gone or (present and not present == matching == fix.rows):
                raise ConfigurationError(
                    f"correction '{fix.id}' no longer matches: {present} records have its key and {matching} "
                    f"of them the value it replaces; it expects {fix.rows}",
                    dataset=contract.dataset,
                    where=fix.where,
                    next_step="if the source was mended, remove the correction; else ask its owner what is "
                    "right",
                )
            if present:
                applied.append(Applied(fix, matching))
    return tuple(applied)


def not_applied(
    db: sa.Connection, contract: Contract, applied: Sequence[Applied], day: dt.date, folder: Path
) -> str:
    """Which corrections of the dataset a person may expect to work and do not, and why; empty if all do."""
    written = _corrections(contract)
    if not written:
        return ""
    known = set(run_file(db, "quality/applied_corrections.sql", dataset=contract.dataset).scalars())
    known |= {one.correction.id for one in applied}
    waiting = [one.id for one in written if one.in_force(day) and one.id not in known]
    said = [f"not corrected yet, as no record came: {', '.join(waiting)}"] if waiting else []
    others = [one for one in written if not one.in_force(day)]
    with duck_connect(threads=2, memory="200MB") as duck:
        for fix, _, matching in _found(duck, contract, others, folder):
            if matching:
                said.append(
                    f"not corrected on {day}: {fix.id} matches and holds from {fix.first_day} to "
                    f"{fix.valid_until}"
                )
    return "; ".join(said)


def corrected(
    landed: duckdb.DuckDBPyRelation, contract: Contract, fixes: Sequence[Correction]
) -> duckdb.DuckDBPyRelation:
    """The landed records with the corrected values; without corrections the very same relation."""
    if not fixes:
        return landed
    types = dict(zip(landed.columns, map(str, landed.types), strict=True))
    values: dict[str, Expression] = {}
    for fix in fixes:
        name = contract.column(fix.column).source_name
        new = ConstantExpression(fix.new).cast(types[name])
        values[name] = CaseExpression(_matches(contract, fix), new).otherwise(
            values.get(name, ColumnExpression(name))
        )
    changed = [value.alias(name) for name, value in values.items()]
    return landed.select(StarExpression(exclude=list(values)), *changed)


def note_applied(db: sa.Connection, dataset: str, batch_id: str, applied: Sequence[Applied]) -> None:
    """Write down what was corrected in a batch; staging it again replaces what was said before."""
    fixes = [one.correction for one in applied]
    run_file(
        db,
        "quality/note_corrections.sql",
        dataset=dataset,
        batch_id=batch_id,
        ids=[fix.id for fix in fixes],
        keys=["|".join(fix.key.values()) for fix in fixes],
        columns=[fix.column for fix in fixes],
        olds=[fix.old for fix in fixes],
        news=[fix.new for fix in fixes],
        rows=[one.rows for one in applied],
        whys=[fix.why for fix in fixes],
        reports=[fix.reported_to for fix in fixes],
        authors=[fix.by for fix in fixes],
        dates=[fix.date for fix in fixes],
        ends=[fix.valid_until for fix in fixes],
    )


def _corrections(contract: Contract) -> tuple[Correction, ...]:
    path = corrections_path(contract.dataset)
    return _load(path, contract) if path.is_file() else ()


def _load(path: Path, contract: Contract) -> tuple[Correction, ...]:
    document = load_yaml(path)
    try:
        found = _File.model_validate(document.data).corrections
    except ValidationError as error:
        raise _wrong(document, contract, *first_mistake(error)) from error
    checked: list[Correction] = []
    for index, fix in enumerate(found):
        place: tuple[str | int, ...] = ("corrections", index)
        if any(fix.id == other.id for other in checked):
            raise _wrong(document, contract, (*place, "id"), f"the id '{fix.id}' occurs twice")
        _check(document, contract, place, fix)
        checked.append(fix.model_copy(update={"where": document.where(place)}))
    return tuple(checked)


def _check(document: YamlDocument, contract: Contract, place: tuple[str | int, ...], fix: Correction) -> None:
    key = {column.name for column in contract.key}
    if set(fix.key) != key:
        raise _wrong(document, contract, (*place, "key"), f"the key has the columns {', '.join(sorted(key))}")
    named = {column.name: column for column in contract.columns}
    column = named.get(fix.column)
    if column is None or column.name in key or column.is_nested:
        raise _wrong(
            document, contract, (*place, "column"), f"'{fix.column}' is not a column that can be corrected"
        )
    if any(named[name].classification == "personal" for name in (fix.column, *key)):
        raise _wrong(
            document,
            contract,
            (*place, "column"),
            "personal data does not belong here; have it mended at its source",
        )


def _wrong(document: YamlDocument, contract: Contract, place: tuple[Any, ...], message: str) -> ContractError:
    key = ".".join(str(part) for part in place) or "document"
    return ContractError(
        f"correction key '{key}': {message}",
        dataset=contract.dataset,
        where=document.where(place),
        next_step="correct the file; include/corrections/README.md has an example",
    )


def _require_types(
    duck: duckdb.DuckDBPyConnection,
    landed: duckdb.DuckDBPyRelation,
    contract: Contract,
    fixes: Sequence[Correction],
) -> None:
    types = dict(zip(landed.columns, map(str, landed.types), strict=True))
    for fix in fixes:
        kind = types[contract.column(fix.column).source_name]
        if duck.execute(f"SELECT TRY_CAST(? AS {kind}) IS NULL", [fix.new]).fetchall() == [(True,)]:
            raise ConfigurationError(
                f"correction '{fix.id}': 'to' is no {kind.lower()}, which the source sends there",
                dataset=contract.dataset,
                where=fix.where,
                next_step="write it as the source writes its values",
            )


def _found(
    duck: duckdb.DuckDBPyConnection,
    contract: Contract,
    fixes: Sequence[Correction],
    folder: Path,
    *,
    typed: bool = False,
) -> list[tuple[Correction, int, int]]:
    """Of each correction, how many landed records have its key, and how many of these the old value."""
    files = record_files(folder)
    if not files or not fixes:
        return [(fix, 0, 0) for fix in fixes]
    landed = duck.read_parquet(files)
    if typed:
        _require_types(duck, landed, contract, fixes)
    counts = [_count(part(contract, fix)) for fix in fixes for part in (_has_key, _matches)]
    ((*numbers,),) = landed.aggregate(counts).fetchall()
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return [(fix, here or 0, same or 0) for fix, (here, same) in zip(fixes, pairs, strict=True)]


def _is_gone(
    duck: duckdb.DuckDBPyConnection, contract: Contract, fix: Correction, manifest: Manifest, folder: Path
) -> bool:
    """Whether a batch without the record tells that the source has none: it is, or lists, the whole table."""
    if manifest.only_cases:
        return False
    if contract.comes_whole:
        return True
    listed = record_files(folder, "keys") or record_files(folder, "snapshot")
    if not listed:
        return False
    return not duck.read_parquet(listed).filter(_has_key(contract, fix)).limit(1).fetchall()


def _count(condition: Expression) -> Expression:
    one = CaseExpression(condition, ConstantExpression(1)).otherwise(ConstantExpression(0))
    return duckdb.FunctionExpression("sum", one)


def _has_key(contract: Contract, fix: Correction) -> Expression:
    parts = [
        _text(contract.column(name).source_name) == ConstantExpression(value)
        for name, value in fix.key.items()
    ]
    return reduce(and_, parts)


def _matches(contract: Contract, fix: Correction) -> Expression:
    value = _text(contract.column(fix.column).source_name)
    same = value.isnull() if fix.old is None else value == ConstantExpression(fix.old)
    return _has_key(contract, fix) & same


def _text(source_name: str) -> Expression:
    return ColumnExpression(source_name).cast("VARCHAR")
