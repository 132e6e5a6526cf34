"""Batches of good records with defects injected into a known share of them, and what a suite finds there.

In:  a dataset, and a plan: which kinds of defects, at which shares, on how many records each.
Out: for every row the rules that it must break, and those that staging and validation say it breaks.

Good records are those of a sandbox without defects (or of the reference data); a kind's own spoiler
spoils them. All injections of a dataset travel in one batch, each in a segment of its own: the contract
gets one more key column, which numbers the records of a segment, so that records may be used often.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from kho.conform.expressions import VIETNAMESE_NUMBER
from kho.contracts import Contract
from kho.contracts.model import Column
from kho.contracts.sources import FilesSource, ReferenceSource
from kho.extract.files.texts import as_texts, written_forms
from kho.extract.reference import sample_reference
from kho.rules.suite import Rule
from kho.rules.validate import Validation, validate
from kho.sandbox.defects import DefectKind, Row
from kho.sandbox.registry import all_sources
from kho.sandbox.sources.commune_socioeconomic_forms.defects import CellError, Formula
from kho.sandbox.sources.commune_socioeconomic_forms.population import form_lines
from kho.sandbox.world import World
from kho.settings import get_settings
from kho.stage import Staged, stage_batch, stage_table
from tests.integration.fixture_dataset import FIXTURES
from tests.integration.rule_cases import dataset

EPOCH = date(2026, 11, 20)
PARAMS = {
    "as_of": EPOCH,
    "as_of_end": datetime.combine(EPOCH, datetime.max.time()),
    "previous_indicator_value": {},
    "previous_population_count": {},
    "previous_student_count": {},
}
SEGMENT = "segment"
GOOD = "good"
SHARES = (0.001, 0.01, 0.2)
# Records in a segment: so many that even the smallest share spoils one.
_RECORDS = {0.001: 1_000, 0.01: 200, 0.2: 50}
SOURCES = {source.dataset: source for source in all_sources() if source.has_contract}
_INVISIBLE = str.maketrans("", "", "\u200b\ufeff\u00a0")


def times() -> int:
    """How many times as large as in CI the batches are."""
    return int(os.environ.get("MUTATION_TIMES", "1"))


def seeds() -> int:
    """How many sandboxes without defects are judged."""
    return int(os.environ.get("MUTATION_SEEDS", "4"))


@dataclass(frozen=True)
class Mutation:
    """One kind of defect: which records it fits, what it does, and exactly which rules that breaks."""

    name: str
    rule_ids: tuple[str, ...]
    spoil: Callable[[Row, int], None]
    fits: Callable[[Row], bool] = lambda _row: True
    repeat: str = "once"


@dataclass
class Injected:
    """A batch with defects: its records as landed, and by record what must be found."""

    name: str
    rows: list[Row] = field(default_factory=list)
    expected: list[tuple[str, ...]] = field(default_factory=list)
    duplicates: int = 0


# --- good records -------------------------------------------------------------------------------


@cache
def _world(seed: int, size: int) -> World:
    return World(seed, size, EPOCH, defect_scale=0)


def good_rows(name: str, seed: int = 51, size: int = 2_000, most: int = 1_000) -> list[Row]:
    """Records without a defect as their source serves them, spread over its whole history."""
    contract, _ = dataset(name)
    if isinstance(contract.source, ReferenceSource):
        return list(sample_reference(contract, contract.source, 10_000, get_settings()).records.to_pylist())
    if name not in SOURCES:
        lines = (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        # The last two of a fixture are there to be found out: a copy, and a record without its key.
        return [json.loads(line) for line in lines[:-2]]
    rows = _world(seed, size).on(EPOCH).view(name).page(0, 99_999, 0, 10_000_000).rows
    clean = [row for row in rows if all(_is_washed(value) for value in row.values())]
    if name == "commune_socioeconomic_forms":  # what the file itself says of a form
        of_file = {"form_version": 1, "_file": "bieu.xlsx", "_sheet": "Biểu 01"}
        clean = [
            row | of_file | {"_modified_at": f"{row['period_end'] + timedelta(1):%d/%m/%Y} 08:00:00"}
            for row in clean
        ]
    return clean[:: max(1, len(clean) // most)][:most]


def _is_washed(value: Any) -> bool:
    return not isinstance(value, str) or value == value.translate(_INVISIBLE).strip()


# --- kinds of defects ---------------------------------------------------------------------------


def mutations(name: str) -> list[Mutation]:
    """Every kind of defect of a dataset: those of its sandbox, or one for each rule where it has none there."""
    source = SOURCES.get(name)
    rules = dataset(name)[1].row_rules
    if source is None:
        return [_of_rule(name, rule) for rule in rules]
    planted = {rule for kind in source.kinds for rule in kind.rule_ids}
    # A typed column of an agency's table holds no words; that of the next agency might.
    typed = [rule for rule in rules if rule.type.endswith("_readable") and rule.rule_id not in planted]
    return [*(_of_kind(name, kind) for kind in source.kinds), *(_unread(name, rule) for rule in typed)]


def _of_kind(name: str, kind: DefectKind) -> Mutation:
    reference = _world(51, 2_000).reference
    late = _SPOILED_BY_TIME.get(kind.name)

    def spoil(row: Row, salt: int) -> None:
        kind.spoil(row, salt, reference)
        if late:
            late(row)

    return Mutation(kind.name, kind.rule_ids, spoil, lambda row: _fits(name, kind, row), kind.repeat)


def _sent_early(row: Row) -> None:
    end = datetime.strptime(row["ngayCuoiKy"], "%Y%m%d")
    row["thoiDiemGui"] = f"{end - timedelta(days=3):%Y%m%d}080000"


def _form_sent_early(row: Row) -> None:
    row["_modified_at"] = f"{row['period_end'] - timedelta(days=2):%d/%m/%Y} 15:00:00"


_SPOILED_BY_TIME = {"sent_before_period_end": _sent_early, "form_sent_early": _form_sent_early}


def _fits(name: str, kind: DefectKind, row: Row) -> bool:
    if name == "public_service_dossiers":
        finished, returned = row["NgayKetThucXuLy"], row["NgayTra"]
        in_stage = {"finished": finished, "returned": finished and returned, "open": not finished}
        of_whom = {"citizen": row.get("SoDinhDanh"), "enterprise": row["MaSoThue"]}
        return bool(in_stage.get(kind.stage, True)) and bool(of_whom.get(kind.applicant, True))
    if name == "commune_socioeconomic_forms":
        is_share = row["line_code"] in _share_lines()
        if kind.name == "form_share_above_hundred":
            return is_share
        return not is_share or kind.name not in ("form_month_negative", "form_year_below_month")
    needed = _FITS.get(kind.name)
    return needed is None or needed(row)


@cache
def _share_lines() -> frozenset[str]:
    return frozenset(line.code for line in form_lines() if line.kind == "share")


_FITS: dict[str, Callable[[Row], bool]] = {
    "parcel_certificate_undated": lambda row: row["so_gcn"] is not None,
    "expected_finish_missing": lambda row: row["TRANG_THAI"] != "HT",
}


def _unread(name: str, rule: Rule) -> Mutation:
    """Words in the column that the rule's breaking example names."""
    column = (rule.breaks or {})["_unreadable"].strip(",")
    source = dataset(name)[0].column(column).source_name

    def spoil(row: Row, _salt: int) -> None:
        row[source] = "không rõ"

    return Mutation(rule.rule_id, (rule.rule_id,), spoil)


def _of_rule(name: str, rule: Rule) -> Mutation:
    """Without a sandbox: what the suite says breaks a rule, written into a record."""
    contract, _ = dataset(name)
    # With all that the rule reads from the suite's sample: a pair of dates is only wrong as a pair.
    sample = dataset(name)[1].sample
    read = {column: sample[column] for column in rule.columns if not column.startswith("_")}
    breaks = read | dict(rule.breaks or {})
    unreadable = {part for part in (breaks.pop("_unreadable", None) or "").split(",") if part}
    is_conflict = breaks.pop("_repeat", None) == 2

    def spoil(row: Row, _salt: int) -> None:
        for column, value in breaks.items():
            row[contract.column(column).source_name] = _written(contract.column(column), value)
        for column in unreadable:
            row[contract.column(column).source_name] = "không rõ"

    return Mutation(rule.rule_id, (rule.rule_id,), spoil, repeat="conflict" if is_conflict else "once")


def _written(column: Column, value: Any) -> str | None:
    """A conformed value as the source writes it."""
    if value is None:
        return None
    if column.source_format and column.logical_type in ("date", "timestamp"):
        return datetime.fromisoformat(str(value)).strftime(column.source_format)
    return str(value).replace(".", ",") if column.source_format == VIETNAMESE_NUMBER else str(value)


# --- injecting ----------------------------------------------------------------------------------


def inject(name: str, kinds: Sequence[Mutation], shares: Sequence[float], factor: int = 1) -> Injected:
    """Good records, of which in each segment a share has a kind of defect."""
    dice = random.Random(f"{name} {factor}")
    good = good_rows(name)
    batch = Injected(name)
    for kind in kinds:
        fitting = [row for row in good if kind.fits(row)]
        assert fitting, f"{name}: no record fits {kind.name}"
        for share in shares:
            count = _RECORDS[share] * factor
            spoiled = set(dice.sample(range(count), max(1, round(count * share))))
            for number in range(count):
                segment = f"{kind.name} {share} {number}"
                if number in spoiled:
                    _add_spoiled(batch, name, kind, dice, dice.choice(fitting), segment, good)
                else:
                    batch.rows.append(good[number % len(good)] | {SEGMENT: segment})
                    batch.expected.append(())
    return batch


def add_good(batch: Injected, name: str, count: int) -> None:
    """Add the records of so many sandboxes without defects; reference data is there once."""
    for seed in range(count if name in SOURCES else 1):
        rows = good_rows(name, seed=1_000 + seed, size=300, most=250)
        batch.rows += [row | {SEGMENT: f"{GOOD} {seed} -"} for row in rows]
        batch.expected += [()] * len(rows)


def _add_spoiled(
    batch: Injected,
    name: str,
    kind: Mutation,
    dice: random.Random,
    row: Row,
    segment: str,
    good: Sequence[Row],
) -> None:
    spoiled = dict(row) | {SEGMENT: segment}
    kind.spoil(spoiled, dice.randrange(2**31))
    batch.rows.append(spoiled)
    batch.expected.append(() if kind.repeat == "conflict" else kind.rule_ids)
    if kind.repeat == "once":
        return
    other = dict(spoiled)
    if kind.repeat == "exact":
        batch.duplicates += 1
    else:
        _contradict(name, other, good)
    # Of equally old copies the later one loses.
    batch.rows.append(other)
    batch.expected.append(kind.rule_ids if kind.repeat == "conflict" else ())


def _contradict(name: str, row: Row, good: Sequence[Row]) -> None:
    """Another content under the same key, good in itself."""
    contract, suite = dataset(name)
    if name == "indicator_reports":  # twice as many of twice as many
        for part in ("tuSo", "mauSo"):
            row[part] = str(2 * int(row[part].replace(".", "")))
        return
    # How a text is written says nothing about what it says.
    judged = {
        column
        for rule in suite.rules
        if rule.type != "expect_column_values_to_not_be_legacy_encoded"
        for column in rule.columns
    }
    texts = [c for c in contract.columns if not c.key_position and c.logical_type == "string"]
    free = next((column for column in texts if column.name not in judged), None)
    if free is not None:
        row[free.source_name] = "(bản khác)"
        return
    if name in _OTHER:
        source, value = _OTHER[name]
        row[source] = value
        return
    together = {column for rule in suite.rules if len(rule.columns) > 1 for column in rule.columns}
    for column in texts:
        said = {other[column.source_name] for other in good} - {None, "", row[column.source_name]}
        if said and column.name not in together and column.name != contract.quality.agency_column:
            row[column.source_name] = min(said)
            return
    raise AssertionError(f"{name}: no column of a record may say something else and be good")


_OTHER = {
    "health_records": ("can_nang_kg", "99.9"),
    "population": ("so_sinh", 3),
    "students_schools": ("so_lop", 3),
    "digital_signatures": ("soDangHoatDong", "0"),
    "cashless_payments": ("gia_tri_trieu_dong", "0,10"),
    "administrative_unit_successions": ("weight", "0.5"),
}
"""What is said instead where no text may say anything else."""


# --- judging ------------------------------------------------------------------------------------


def with_segment(contract: Contract) -> Contract:
    """The contract with one more part of the key."""
    template = next(column for column in contract.columns if column.key_position)
    extra = template.model_copy(
        update={
            "name": SEGMENT, "source_name": SEGMENT, "logical_type": "string", "sql_type": "text",
            "key_position": 99, "source_format": None, "source_type": None, "charset": None,
        }
    )  # fmt: skip
    return contract.model_copy(update={"columns": (*contract.columns, extra)})


def judge(engine: sa.Engine, name: str, rows: Sequence[Row], folder: Path) -> tuple[Staged, Validation]:
    """Land, stage and validate records as a night does."""
    contract, suite = dataset(name)
    wide = with_segment(contract)
    folder.mkdir(parents=True, exist_ok=True)
    table = _landed(contract, wide, rows)
    half = table.num_rows // 2
    for number, part in enumerate((table.slice(0, half), table.slice(half))):
        pq.write_table(part, folder / f"records-{number:05d}.parquet")
    batch = f"{name}-{folder.name}"
    staged = stage_batch(engine, wide, batch, folder, len(rows), (suite, PARAMS))
    key = [column.name for column in wide.key]
    return staged, validate(engine, suite, stage_table(batch), contract.quality, PARAMS, key)


def landed_records(name: str, rows: Sequence[Row]) -> list[dict[str, str | None]]:
    """The records as the raw zone keeps them: every value as text."""
    contract, _ = dataset(name)
    return _landed(contract, contract, rows).drop_columns(["_row"]).to_pylist()


def _landed(contract: Contract, wide: Contract, rows: Sequence[Row]) -> pa.Table:
    """The records as the raw zone keeps them: every value as text."""
    columns: dict[str, Any] = {"_row": pa.array(range(len(rows)), pa.int64())}
    forms = (
        written_forms(contract.columns, contract.source) if isinstance(contract.source, FilesSource) else {}
    )
    for source in wide.source_names:
        values = [row.get(source) for row in rows]
        if source in forms:
            texts = as_texts([_cell(value) for value in values], forms[source])
        else:
            texts = [_text(value) for value in values]
        columns[source] = pa.array(texts, pa.string())
    return pa.table(columns)


def _cell(value: Any) -> Any:
    if isinstance(value, Formula | CellError):
        return str(value)
    return float(value) if isinstance(value, int) else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def found_in(engine: sa.Engine, validation: Validation) -> Iterator[tuple[int, str | None, tuple[str, ...]]]:
    """Row, agency and broken rules of every failing row."""
    query = f"SELECT _row, _agency, rules FROM {validation.failed_table.quoted}"
    with engine.connect() as db:
        for row in db.execute(sa.text(query)):
            yield row[0], row[1], tuple(row[2])


def agency_of(contract: Contract, row: Row) -> str | None:
    """The agency that answers for a record: as its own text says, or the owner of the dataset."""
    column = contract.quality.agency_column
    if column is None:
        return contract.quality.owner_agency
    return (row.get(contract.column(column).source_name) or "").strip() or None


def tallied(validation: Validation) -> Counter[tuple[str, str | None]]:
    """By rule and agency how many rows fail, where any does."""
    return Counter(
        {
            (result.rule_id, result.agency_code): result.failed
            for result in validation.results
            if result.failed
        }
    )
