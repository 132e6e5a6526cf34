"""A filter, a period, a number or a day that is mistyped is refused, and does not read as "all is well"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click import unstyle
from typer.testing import CliRunner

from kho.cli import anomaly, quarantine, submissions
from kho.cli import dataset as dataset_cli
from kho.cli import main as cli
from kho.settings import Settings

from .cases import DOSSIERS, HEALTH, a_case, case_engine, case_warehouse  # noqa: F401

Kho = Callable[..., str]
HUGE = "99999999999999999999"


@pytest.fixture
def kho(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kho:
    """The command line on the warehouse; returns what it says, or with what it refuses."""
    url = engine.url.render_as_string(hide_password=False)
    for module in (quarantine, anomaly, submissions, dataset_cli):
        monkeypatch.setattr(module, "get_settings", lambda: Settings(home=tmp_path, warehouse_url=url))
    with engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.rule VALUES (:d, 'received_at_readable', 'correct', 'critical', 't', 'm') "
                "ON CONFLICT DO NOTHING"
            ),
            {"d": DOSSIERS},
        )

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, list(arguments))
        if isinstance(done.exception, SystemExit):
            return " ".join(unstyle(done.output).replace("│", " ").split())
        return str(done.exception) if done.exception else done.output

    return run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("quarantine", "list", "--dataset", "public_service_dosiers"), f"did you mean {DOSSIERS}"),
        (("quarantine", "list", "--dataset", "nosuch"), "choose one of: administrative_unit"),
        (("quarantine", "files", "--dataset", "nosuch"), "there is no dataset 'nosuch'"),
        (("quarantine", "deadlines", "--dataset", "nosuch"), "there is no dataset 'nosuch'"),
        (("quarantine", "replays", "--dataset", "nosuch"), "there is no dataset 'nosuch'"),
        (("quarantine", "list", "--rule", "received_at_redable"), "did you mean received_at_readable"),
        (
            ("quarantine", "list", "--dataset", "agencies", "--rule", "received_at_readable"),
            "there is no rule 'received_at_readable' of agencies",
        ),
        (("quarantine", "list", "--agency", "000.00.12.H48"), f"did you mean {HEALTH}"),
        (("quarantine", "deadlines", "--agency", "nobody"), "there is no agency 'nobody'"),
        (("quarantine", "export", "--agency", "nobody"), "there is no agency 'nobody'"),
        (("anomaly", "list", "--dataset", "nosuch"), "there is no dataset 'nosuch'"),
        (("anomaly", "list", "--agency", "nobody"), "there is no agency 'nobody'"),
        (("submissions", "list", "--dataset", "nosuch"), "there is no dataset 'nosuch'"),
        (("submissions", "list", "--agency", "nobody"), "there is no agency 'nobody'"),
        (("dataset", "changes", "nosuch"), "there is no dataset 'nosuch'"),
        (("submissions", "list", "--period", "2026-10"), "did you mean 2026-M10"),
        (("submissions", "list", "--period", "2026Q4"), "did you mean 2026-Q4"),
        (("submissions", "list", "--period", "2026-M13"), "write a month as 2026-M10"),
        (("anomaly", "show", HUGE), f"there is no number {HUGE}"),
        (("quarantine", "show", HUGE), f"there is no number {HUGE}"),
        (("quarantine", "list", "--limit", HUGE), f"there is no number {HUGE}"),
        (("report", "show", HUGE), f"there is no number {HUGE}"),
        (("submissions", "due", "indicator_reports", "--date", "9999-12-31"), "is not between 1900 and 2200"),
        (("anomaly", "list", "--night", "9999-12-31"), "is not between 1900 and 2200"),
    ],
)
def test_what_names_nothing_is_refused(kho: Kho, arguments: tuple[str, ...], says: str) -> None:
    assert says in kho(*arguments)


def test_what_is_known_or_said_by_a_case_is_found(engine: sa.Engine, kho: Kho) -> None:
    a_case(engine)
    a_case(engine, "H48.2", dataset="given_up", agency="H48_02")
    assert "1 in the quarantine" in kho("quarantine", "list", "--dataset", DOSSIERS, "--agency", HEALTH)
    assert "2 in the quarantine" in kho("quarantine", "list", "--rule", "r")
    assert "1 in the quarantine" in kho("quarantine", "list", "--dataset", "given_up")
    assert "0 in the quarantine" in kho("quarantine", "list", "--rule", "received_at_readable")
    assert "0 reports are asked for" in kho("submissions", "list", "--period", "2026-M10")
