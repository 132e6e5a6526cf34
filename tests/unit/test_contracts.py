"""Contracts: all of them load, and a wrong one is refused with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from kho.contracts import dataset_names, load_contract, load_contracts
from kho.errors import ContractError
from kho.quality.sharing import documentation
from kho.settings import get_settings
from kho.sql_files import files_in

GOOD = "public_service_dossiers"


def test_every_dataset_has_contract_suite_and_sql() -> None:
    assert len(dataset_names()) >= 11
    for contract in load_contracts():
        assert (get_settings().expectations_dir / f"{contract.dataset}.yaml").is_file()
        names = files_in(f"load/{contract.dataset}")
        assert any(name.endswith("90_count_loaded.sql") for name in names)
        assert set(contract.depends_on) <= set(dataset_names())


def test_every_dataset_is_described_column_by_column_and_in_the_runbook() -> None:
    missing = {name for name, _, without in documentation(load_contracts(), get_settings()) if without}
    assert not missing


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ("physicalName: MaHoSo", "phisicalName: MaHoSo", "phisicalName"),
        ("classification: internal}", "classification: secret}", "classification"),
        ("logicalType: timestamp", "logicalType: moment", "logicalType"),
        ("kind: offset,", "kind: ofset,", "paging"),
        ("max_days: 5", "max_days: 0", "max_days"),
        ("lookback_days: 3", "lookbak_days: 3", "lookbak_days"),
        ("quarantine_limit: 0.2", "quarantine_limit: 2", "quarantine_limit"),
        ("property: sourceFormat", "property: sourceFromat", "sourceFromat"),
        ("column: updated_at, lookback", "column: updatd_at, lookback", "updatd_at"),
        ("kind: DataContract", "kind: DataContact", "kind"),
        ("kind: DataContract", "knid: DataContract", "'knid': is not a key here; did you mean 'kind'?"),
        ("primaryKey: true", "primaryKy: true", "did you mean 'primaryKey'?"),
        (f"id: {GOOD}", "id: other", "must equal the file's name"),
        ("textHygiene, value: verbatim", "textHygiene, value: free", "'clean' or 'verbatim'"),
        ("name: due_at", "name: received_at", "two columns share a name"),
        ("property: freshness, value: 2", "property: freshness, value: -2", "greater than or equal to 0"),
        (f"element: {GOOD}.updated_at", f"element: {GOOD}.updatd_at", "updatd_at"),
        ("property: retention, value: 2, unit: y", "property: retention, value: 2, unit: w", "retention"),
        ("total: total", "totl: total", "totl"),
        ("success: {path: status, values", "success: {path: status, valus", "valus"),
        ("agency_column: agency_code", "agency_column: agency_cod", "agency_cod"),
        ("value: [agencies,", "value: [1,", "valid string"),
    ],
)
def test_a_wrong_key_names_file_and_line(tmp_path: Path, find: str, put: str, says: str) -> None:
    text = (get_settings().contracts_dir / f"{GOOD}.yaml").read_text(encoding="utf-8")
    assert find in text
    line = text[: text.index(find)].count("\n") + 1
    (tmp_path / f"{GOOD}.yaml").write_text(text.replace(find, put, 1), encoding="utf-8")
    with pytest.raises(ContractError) as raised:
        load_contract(GOOD, tmp_path)
    said = str(raised.value)
    assert says in said
    assert f"/{GOOD}.yaml:{line})" in said


def test_an_unknown_dataset_lists_those_that_exist() -> None:
    with pytest.raises(ContractError, match="choose one of: .*agencies"):
        load_contract("agencis")
