"""Airflow's api-server with the board, in a process of its own, on a small province's warehouse."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kho.night.airflow_environment import airflow_environment, password
from kho.settings import get_settings
from tests.integration.fixture_dataset import FixtureNight

from .board_province import board_province

VIEWER, EDITOR = {"user": "an", "role": "viewer"}, {"user": "binh", "role": "admin"}


class Server:
    """Answers on a pipe, and to browsers at `url`."""

    def __init__(self, process: subprocess.Popen[str], night: FixtureNight) -> None:
        self._process, self.night = process, night
        about = json.loads(self._said())
        self.views: list[str] = about["views"]
        self.url: str = about["url"]

    def _said(self) -> str:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("answer: "):
                return line.removeprefix("answer: ")
        raise AssertionError("the server has died")

    def _tell(self, line: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._said())

    def ask(self, path: str, **more: Any) -> dict[str, Any]:
        return self._tell(json.dumps({"path": path, **more}))

    def page(self, path: str, **more: Any) -> str:
        said = self.ask(path, **(VIEWER | more))
        assert said["status"] == 200, (path, said["text"][:2000])
        return said["text"]

    def runs(self) -> list[dict[str, Any]]:
        return self._tell("runs")

    def session_of(self, user: dict[str, Any]) -> str:
        return self._tell(json.dumps({"token": user}))

    def password(self) -> str:
        return password(self.night.province.context.settings)

    def row(self, query: str, **about: Any) -> sa.Row[Any]:
        with self.night.province.context.engine.connect() as db:
            return db.execute(sa.text(query), about).one()


@contextlib.contextmanager
def board_server(home: Path) -> Iterator[Server]:
    """The server, whose metadata is in `home`."""
    with board_province() as night:
        settings = night.province.context.settings
        given = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "PYTHONPYCACHEPREFIX": str(get_settings().home / "cache" / "python"),
            "KHO_WAREHOUSE_URL": str(settings.warehouse_url),
        }
        environment = airflow_environment(settings, 8080, {**os.environ, **given})
        with (home / "stderr").open("w+") as errors, subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ask_board.py")), str(settings.project_root / "dags")],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process:  # fmt: skip
            try:
                yield Server(process, night)
            finally:
                assert process.stdin
                process.stdin.close()
                process.wait(30)
                sys.stderr.write(Path(errors.name).read_text()[-12000:])
