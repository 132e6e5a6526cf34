"""What the launcher does when components end by themselves, with real processes in their place."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from kho.settings import get_settings

# What stands in for a component counts its starts in a file. It waits for another count, and ends, unless it has
# been started often enough to last.
_AIRFLOW = """
import os, sys, time
from pathlib import Path

def starts(name):
    path = Path(f"{name}.starts")
    return path.stat().st_size if path.exists() else 0

def main():
    name = sys.argv[1]
    with open(f"{name}.starts", "a") as file:
        file.write("x")
    other, enough, lasts_from = os.environ[name].split()
    while starts(other) < int(enough):
        time.sleep(0.05)
    if starts(name) >= int(lasts_from):
        time.sleep(600)
"""
_LAUNCHER = """
import json, os, sys
from pathlib import Path
from kho_launcher.components import Components
from kho_launcher.restarts import keep_up

components = Components(Path.cwd())
for name in json.loads(sys.argv[1]):
    components.start(name, [])
try:
    keep_up(components, json.loads(sys.argv[2]))
finally:
    components.stop(at_once=True)
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a launcher of components: what each waits for, how often started, and from which start on it lasts."""
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "__init__.py").touch()
    (tmp_path / "airflow" / "__main__.py").write_text(_AIRFLOW)
    places = [tmp_path, get_settings().project_root / "plugins"]
    running = []

    def start(components: Mapping[str, str], pauses: list[float]) -> "subprocess.Popen[str]":
        arguments = [json.dumps(list(components)), json.dumps(pauses)]
        process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), **components},
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.terminate()
        process.communicate()


def _starts(folder: Path, name: str) -> int:
    path = folder / f"{name}.starts"
    return path.stat().st_size if path.exists() else 0


def test_a_component_is_given_up_for_its_own_ends_alone(
    started: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """Eight ends in all, of which the others' four are no reason."""
    components = {
        "api-server": "none 0 3",
        "dag-processor": "api-server 3 3",
        "scheduler": "dag-processor 3 99",
    }
    launcher = started(components, [0, 0, 0])
    _, said = launcher.communicate(timeout=30)
    assert {name: _starts(tmp_path, name) for name in components} == {
        "api-server": 3,
        "dag-processor": 3,
        "scheduler": 4,
    }
    last = said.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: Airflow's scheduler ended by itself; see ")
    assert last.endswith("scheduler.log; 3 restarts did not help")
    assert launcher.returncode == 1


def test_while_one_waits_for_its_start_the_others_are_started(
    started: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    launcher = started({"scheduler": "none 0 99", "dag-processor": "gate 1 2"}, [0, 600])
    assert launcher.stderr is not None
    while "scheduler.log; starting it again in 600 s" not in (line := launcher.stderr.readline()):
        assert line, "it has ended"
    (tmp_path / "gate.starts").write_text("x")
    deadline = time.monotonic() + 30
    while _starts(tmp_path, "dag-processor") < 2:
        assert time.monotonic() < deadline, "the dag-processor waits for the scheduler"
        time.sleep(0.05)
    assert _starts(tmp_path, "scheduler") == 2
