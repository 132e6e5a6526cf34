"""Start Airflow's components, and run one night or keep them up.

    python -m kho_launcher night DATE --port P            start, run the night, stop
    python -m kho_launcher night DATE --attach            run the night on what is up already
    python -m kho_launcher serve --port P                 start everything with the UI; stop on SIGTERM;
                                                          start again what ends by itself, each a few times

Standard output carries messages (see `messages`), standard error the log; the night starts when a line
arrives on standard input, so that its sources can get ready meanwhile. The configuration is in
the environment; `kho.night.airflow_environment` makes it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from kho_launcher.messages import open_channel, send

_PARENT = os.getppid()
_READY_SECONDS = 120.0
_HEALTH = "/execution/health"


class _Stop(Exception):
    """Somebody asked us to end."""


def main() -> int:
    """Do what the command line says; 0: done, 1: failed with a message, 3: the night stands still."""
    arguments = _arguments()
    open_channel()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    home = Path(os.environ["AIRFLOW_HOME"])

    from kho_launcher.components import Components

    components = Components(home / "logs")
    components.logs.mkdir(parents=True, exist_ok=True)
    hurry = True
    try:
        if not arguments.attach:
            _start(arguments, components, home)
        if arguments.mode == "serve":
            _serve(arguments.port, components)
        status = _night(arguments.date, components)
        hurry = False
        return status
    except _Stop:
        return 130
    except Exception as error:  # noqa: BLE001
        import traceback

        traceback.print_exc()
        send("error", message=f"{type(error).__name__}: {error}")
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        send("stopping")
        components.stop(at_once=hurry)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kho_launcher")
    parser.add_argument("mode", choices=("night", "serve"))
    parser.add_argument("date", nargs="?")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--attach", action="store_true")
    return parser.parse_args()


def _start(arguments: argparse.Namespace, components: "Components", home: Path) -> None:  # noqa: UP037, F821
    send("phase", name="starting Airflow")
    import airflow.settings  # noqa: F401

    from kho_launcher import metadata

    stamps = home / "stamps"
    stamps.mkdir(exist_ok=True)
    if metadata.migrate(stamps / "schema"):
        send("phase", name="made Airflow's database")
    from kho_launcher.components import answers, preload

    apps = "execution" if arguments.mode == "night" else "all"
    components.start(
        "api-server",
        ["--apps", apps, "--host", "127.0.0.1", "--port", str(arguments.port)],
        beside=lambda: answers(arguments.port, _HEALTH, seconds=_READY_SECONDS),
    )
    preload()
    _prepare(metadata, stamps, for_one_night=arguments.mode == "night")
    components.start("scheduler", ["--skip-serve-logs"])
    if arguments.mode == "serve":
        components.start("dag-processor", [])


def _prepare(metadata: object, stamps: Path, *, for_one_night: bool) -> None:
    from kho.settings import get_settings
    from kho_launcher import metadata
    from kho_launcher.pools import make_pools

    settings = get_settings()
    make_pools()
    folders = [settings.project_root / name for name in ("dags", "plugins")]
    metadata.publish_dags([*folders, settings.contracts_dir], stamps / "dags")
    metadata.end_leftovers()
    if for_one_night:
        metadata.hold_the_clock()


def _night(date: str, components: "Components") -> int:  # noqa: UP037, F821
    from kho_launcher import metadata
    from kho_launcher.partition import Night

    send("waiting")
    if not sys.stdin.readline():
        raise _Stop
    metadata.forget_half_updates(date)
    night = Night(date)
    started = night.trigger()
    send("phase", name=f"started {len(started)} DAGs for {date}")

    def keep_going() -> bool:
        ended = components.ended()
        if ended is not None:
            raise RuntimeError(f"Airflow's {ended} ended by itself; see {components.logs}/{ended}.log")
        # Read at the very beginning, or a parent that died before would never be missed.
        if os.getppid() != _PARENT:
            raise _Stop
        return True

    done = night.follow(keep_going=keep_going)
    send("end", done=done)
    return 0 if done else 3


def _serve(port: int, components: "Components") -> NoReturn:  # noqa: UP037, F821
    from kho_launcher.components import answers
    from kho_launcher.restarts import keep_up

    if not answers(port, _HEALTH, seconds=_READY_SECONDS):
        raise RuntimeError(f"Airflow's api-server does not answer; see {components.logs}")
    send("ready", port=port)
    keep_up(components)


def _stop(*_: object) -> None:
    raise _Stop


if __name__ == "__main__":
    sys.exit(main())
