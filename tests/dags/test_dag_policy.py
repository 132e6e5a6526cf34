"""What every DAG must be like, and how they hang together."""

import ast
from pathlib import Path
from typing import Any

import pytest

from kho.contracts import Contract, dataset_names, load_contracts

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dags"
HEADINGS = ("**Purpose**", "**Schedule**", "**Rerun**", "**Triage**")
WAREHOUSE = {"star", "quality_report"}
BY_HAND = {"gate", "rebuild", "replay", "report_review"}
WEEKLY = {"retention"}
BY_CLOCK = {"alerts"}
ASKING = {"gate", "report_review"}


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    return {contract.dataset: contract for contract in load_contracts()}


def tasks(dags: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = [
        (f"{name}.{task}", what)
        for name, dag in dags["dags"].items()
        for task, what in dag["tasks"].items()
        if task != "verdict"
    ]
    assert found
    return found


def test_the_folder_is_not_empty_and_imports() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.py")) == [
        "alerts.py",
        "datasets.py",
        "gate.py",
        "rebuild.py",
        "replay.py",
        "report_review.py",
        "retention.py",
        "warehouse.py",
    ]


def test_no_file_fails_to_import(dags: dict[str, Any]) -> None:
    assert dags["errors"] == {}


def test_one_dag_per_contract(dags: dict[str, Any]) -> None:
    assert set(dags["dags"]) == set(dataset_names()) | WAREHOUSE | BY_HAND | WEEKLY | BY_CLOCK


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_dag_files_are_thin(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_kho_never_imports_airflow() -> None:
    sources = list((ROOT / "include" / "kho").rglob("*.py"))
    assert sources
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and node.level == 0
                else []
            )
            assert not any(name.split(".")[0] == "airflow" for name in names), path


def test_every_dag_explains_itself(dags: dict[str, Any]) -> None:
    for name, dag in dags["dags"].items():
        assert all(heading in dag["doc"] for heading in HEADINGS), name
        assert dag["tags"], name
        # Several questions may wait for people at the same time.
        assert dag["max_active_runs"] == (50 if name in ASKING else 1), name


def test_every_task_has_owner_retries_timeout_and_pool(
    dags: dict[str, Any], contracts: dict[str, Contract]
) -> None:
    for name, task in tasks(dags):
        dataset = name.partition(".")[0]
        assert task["owner"] == (contracts[dataset].owner if dataset in contracts else "kho"), name
        assert task["retries"] >= 1, name
        assert task["retry_policy"] == "ErrorDecides", name
        # A person may take days; the operator has a time-out of its own for that.
        assert task["timeout"] or name in {f"{dag}.ask" for dag in ASKING}, name
        assert task["pool"], name
        assert task["tells"] == ["OperatorsNotifier"], name


def test_only_extract_asks_a_source(dags: dict[str, Any], contracts: dict[str, Contract]) -> None:
    for name, contract in contracts.items():
        pools = {task: what["pool"] for task, what in dags["dags"][name]["tasks"].items()}
        source = contract.source
        expected = "default_pool" if source.kind == "reference" else source.connection
        assert pools.pop("extract") == expected
        assert set(pools.values()) == {"default_pool"}


def test_the_source_with_most_windows_is_asked_first(dags: dict[str, Any]) -> None:
    """Two requests at a time go to LGSP: the longest must not be the last to begin."""
    weights = {
        name: dag["tasks"]["extract"]["weight"]
        for name, dag in dags["dags"].items()
        if "extract" in dag["tasks"]
    }
    assert max(weights, key=weights.__getitem__) == "public_service_dossiers"
    assert weights["public_service_dossiers"] == 12  # sixty days, five at a time
    assert weights["procedures"] == weights["land_parcels"] == 1


def test_a_dataset_waits_for_those_it_looks_up(dags: dict[str, Any], contracts: dict[str, Contract]) -> None:
    for name, contract in contracts.items():
        dag = dags["dags"][name]
        assert dag["awaits"] == sorted(f"kho://dataset/{other}" for other in contract.depends_on)
        expected = "PartitionedAssetTimetable" if contract.depends_on else "CronPartitionTimetable"
        assert dag["timetable"] == expected


def test_the_star_waits_for_every_dataset_and_the_report_for_the_star(dags: dict[str, Any]) -> None:
    assert dags["dags"]["star"]["awaits"] == sorted(f"kho://dataset/{name}" for name in dataset_names())
    assert dags["dags"]["star"]["tasks"]["build_star"]["outlets"] == ["kho://star"]
    assert dags["dags"]["quality_report"]["awaits"] == ["kho://star"]


def test_a_bad_night_ends_too_and_is_failed(dags: dict[str, Any]) -> None:
    for name in dataset_names():
        found = dags["dags"][name]["tasks"]
        assert found["finish"]["outlets"] == [f"kho://dataset/{name}"]
        assert found["finish"]["trigger_rule"] == "all_done"
        # The leaf that a failure reaches: it makes the whole run failed.
        assert found["verdict"]["trigger_rule"] == "none_failed"
        assert found["load"]["downstream"] == ["finish", "verdict"]
        assert [task for task in found if found[task]["outlets"]] == ["finish"]


def test_no_dependency_goes_round_in_a_circle(contracts: dict[str, Contract]) -> None:
    left = {name: set(contract.depends_on) for name, contract in contracts.items()}
    while left:
        ready = {name for name, others in left.items() if not others & set(left)}
        assert ready, f"a circle among {sorted(left)}"
        left = {name: others for name, others in left.items() if name not in ready}


def test_the_gate_waits_in_a_run_of_its_own_and_nobody_for_it(dags: dict[str, Any]) -> None:
    gate = dags["dags"]["gate"]
    assert gate["timetable"] == "NullTimetable"
    assert gate["awaits"] == []
    assert all(not task["outlets"] for task in gate["tasks"].values())
    assert gate["tasks"]["ask"]["operator"] == "HITLOperator"
    assert gate["tasks"]["ask"]["response_timeout"] == 3 * 24 * 3600
    assert gate["tasks"]["ask"]["defaults"] == ["Reject"]
    assert gate["tasks"]["ask"]["downstream"] == ["decide"]
    star = dags["dags"]["star"]["tasks"]
    assert star["ask_at_gate"]["operator"] == "TriggerDagRunOperator"
    # The report needs the star's asset, not the end of the star's run.
    assert star["build_star"]["outlets"] == ["kho://star"]
    assert star["ask_at_gate"]["outlets"] == []


def test_terms_are_kept_every_week_and_no_night_waits_for_it(dags: dict[str, Any]) -> None:
    retention = dags["dags"]["retention"]
    # `kho nightly` starts what is on the clock by its partition; this is not.
    assert (retention["timetable"], retention["cron"]) == ("CronTriggerTimetable", "0 4 * * 0")
    assert all(not task["outlets"] for task in retention["tasks"].values())


def test_a_replay_is_started_by_people_only(dags: dict[str, Any]) -> None:
    assert dags["dags"]["replay"]["timetable"] == "NullTimetable"
    assert dags["dags"]["replay"]["params"] == ["dataset", "date", "reason", "rule"]
    tasks = dags["dags"]["replay"]["tasks"]
    assert tasks["ask_at_gate"]["operator"] == "TriggerDagRunOperator"
    # Asking a person does not make a replay that failed look like a good one.
    assert tasks["replay"]["downstream"] == ["find_blocked", "verdict"]
    assert dags["dags"]["rebuild"]["timetable"] == "NullTimetable"
    assert dags["dags"]["rebuild"]["params"] == ["check", "dataset", "day", "month", "reason"]


def test_alerts_look_every_quarter_of_an_hour_and_wait_for_nothing(dags: dict[str, Any]) -> None:
    alerts = dags["dags"]["alerts"]
    assert alerts["cron"] == "*/15 * * * *"
    assert alerts["awaits"] == []
    # `kho nightly` starts what is partitioned by night, and this is not.
    assert not alerts["timetable"].endswith("CronPartitionTimetable")
