"""The sandbox's process: `python -m kho.sandbox.server --home FOLDER`.

In:  `config.json` and, from an earlier run, `state.json` of the home folder.
Out: an HTTP server on 127.0.0.1 with the LGSP services and the switches, `state.json` with its
     address, and the manifests of each date it is set to.
"""

import argparse
import logging
import os
import secrets
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from kho.sandbox.access import Callers
from kho.sandbox.calendar import Calendar
from kho.sandbox.control import Switches
from kho.sandbox.databases import AgencyDatabases, database_names
from kho.sandbox.errors import SandboxConfigurationError, SandboxError, SandboxStartError
from kho.sandbox.files import DropFolders
from kho.sandbox.gateway import Gateway
from kho.sandbox.manifest import build_manifest
from kho.sandbox.misbehaviour import Misbehaviour
from kho.sandbox.registry import services
from kho.sandbox.state import (
    SandboxConfig,
    SandboxState,
    read_config,
    read_state,
    write_private,
    write_state,
)
from kho.sandbox.views import View
from kho.sandbox.world import Scene, World

HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 2
# Longer than a client needs to digest a page, so that it finds its connection open.
_KEEP_ALIVE_SECONDS = 75

logger = logging.getLogger("kho.sandbox")


class Sandbox:
    """The running sandbox: its world, its clock and its state file."""

    def __init__(self, home: Path, state: SandboxState) -> None:
        self._home = home
        self._state = state
        self._lock = threading.Lock()
        self._world: World | None = None
        self._scene: Scene | None = None
        self._databases: AgencyDatabases | None = None
        self._drops = DropFolders(home / "drop")
        self._calendar = Calendar(self._move_on)

    def start(self) -> None:
        """Prepare the agencies' databases, go to the date of the earlier run, and write the state.

        Raises `SandboxError`.
        """
        state = self._state
        self._databases = AgencyDatabases(state.config.admin_urls, _passwords(state))
        urls = self._databases.prepare()
        self._state = state = replace(state, database_urls=urls, drop_folders=self._drops.folders())
        if state.clock_date is not None:
            self.set_clock(state.clock_date)
        else:
            write_state(self._home, state)

    def set_clock(self, today: date) -> dict[str, Any]:
        """Move the clock; raises `SandboxError`."""
        with self._lock:
            state = replace(self._state, clock_date=today, epoch_date=self._state.epoch_date or today)
            if self._scene is None or self._scene.date != today:
                scene = self._world_of(state).on(today)
                self._write_manifests(scene)
            else:
                scene = self._scene
            if self._databases is not None:
                self._databases.turn_to(scene)
            self._drops.turn_to(scene)
            self._scene = scene
            self._state = state
            write_state(self._home, state)
        logger.info("clock set to %s", today)
        return self.describe()

    def follow_calendar(self) -> None:
        """From now on move the clock to each new day, unless it is further already."""
        self._calendar.follow()

    def _move_on(self, today: date) -> None:
        clock = self._state.clock_date
        if clock is None or clock < today:
            self.set_clock(today)

    def describe(self) -> dict[str, Any]:
        """The clock, the epoch and the size."""
        state = self._state
        return {
            "date": state.clock_date.isoformat() if state.clock_date else None,
            "epoch_date": state.epoch_date.isoformat() if state.epoch_date else None,
            "seed": state.config.seed,
            "size": state.config.size,
        }

    def manifest(self, dataset: str, on: date | None) -> dict[str, Any]:
        """The manifest of a dataset on a date (the clock's without one)."""
        with self._lock:
            scene = self._scene
            if scene is None:
                raise SandboxConfigurationError("the clock is not set")
            if on is not None and on != scene.date:
                scene = self._world_of(self._state).on(on)
        return build_manifest(dataset, scene.date, scene.view(dataset))

    def view(self, dataset: str) -> View | None:
        """The dataset as the clock's date shows it; nothing before the clock is set."""
        scene = self._scene
        return scene.view(dataset) if scene is not None else None

    def _world_of(self, state: SandboxState) -> World:
        if self._world is None:
            if state.epoch_date is None:
                raise SandboxConfigurationError("the sandbox has no epoch date")
            config = state.config
            self._world = World(config.seed, config.size, state.epoch_date, config.defect_scale)
        return self._world

    def _write_manifests(self, scene: Scene) -> None:
        for dataset, view in scene.views().items():
            manifest = build_manifest(dataset, scene.date, view)
            write_private(self._home / f"manifest-{dataset}-{scene.date}.json", manifest)


def build_application(sandbox: Sandbox, state: SandboxState, misbehaviour: Misbehaviour) -> Starlette:
    """The HTTP application of a sandbox."""
    callers = Callers(state.consumer_key, state.consumer_secret, state.config.token_expires_in)
    gateway = Gateway(services(), callers, sandbox.view, misbehaviour)
    switches = Switches(sandbox, misbehaviour, lambda: dict(gateway.requests), gateway.paths)
    return Starlette(routes=[*gateway.routes(), *switches.routes()])


def prepare_state(config: SandboxConfig, earlier: SandboxState | None, port: int) -> SandboxState:
    """The state of a start: credentials and clock of the earlier run, the address of this one."""
    state = SandboxState(
        pid=os.getpid(),
        port=port,
        lgsp_url=f"http://{HOST}:{port}",
        consumer_key=secrets.token_urlsafe(15),
        consumer_secret=secrets.token_urlsafe(24),
        config=config,
        epoch_date=config.epoch_date,
    )
    if earlier is None:
        return state
    return replace(
        state,
        consumer_key=earlier.consumer_key,
        consumer_secret=earlier.consumer_secret,
        epoch_date=config.epoch_date or earlier.epoch_date,
        clock_date=earlier.clock_date,
        database_urls=earlier.database_urls,
    )


def _passwords(state: SandboxState) -> dict[str, str]:
    """The readers' passwords by database: those of the earlier run, new ones for new databases."""
    known = {name: urlsplit(url).password for name, url in state.database_urls.items()}
    return {name: known.get(name) or secrets.token_urlsafe(24) for name in database_names()}


def open_socket(port: int, preferred: int | None) -> socket.socket:
    """Listen on the port; with port 0 on the preferred one if it is free, else on any.

    Raises `SandboxStartError` if the port asked for is taken.
    """
    candidates = [port] if port else [*([preferred] if preferred else []), 0]
    for candidate in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except OSError:
            listener.close()
            continue
        return listener
    raise SandboxStartError(f"port {port} on {HOST} is taken; stop what uses it or choose another")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m kho.sandbox.server")
    parser.add_argument("--home", type=Path, required=True, help="folder of the sandbox's files")
    home: Path = parser.parse_args(arguments).home
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _serve(home)
    except SandboxError as error:
        logger.error("%s", error)
        return 1
    return 0


def _serve(home: Path) -> None:
    earlier = read_state(home)
    config = read_config(home)
    with open_socket(config.port, earlier.port if earlier else None) as listener:
        state = prepare_state(config, earlier, listener.getsockname()[1])
        sandbox = Sandbox(home, state)
        sandbox.start()
        misbehaviour = Misbehaviour()
        application = build_application(sandbox, state, misbehaviour)
        _run_http(application, listener, misbehaviour)


class _Server(uvicorn.Server):
    """Lets delayed requests go when told to stop, or they would hold the process up."""

    def __init__(self, config: uvicorn.Config, misbehaviour: Misbehaviour) -> None:
        super().__init__(config)
        self._misbehaviour = misbehaviour

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._misbehaviour.clear()
        super().handle_exit(sig, frame)


def _run_http(application: Starlette, listener: socket.socket, misbehaviour: Misbehaviour) -> None:
    server = _Server(
        uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        ),
        misbehaviour,
    )
    server.run(sockets=[listener])


if __name__ == "__main__":
    raise SystemExit(main())
