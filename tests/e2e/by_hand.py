"""The services of docker-compose.yml as processes of this machine, where no container can be started.

In: the compose file, the Dockerfile, `deploy/`. Out: the same commands, environment and secrets, started in
the same order. What is different is only what a machine without containers has differently: names of
services become loopback addresses with free ports, folders of the image become folders of a test.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import secrets
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from kho.night.airflow_process import free_port
from kho.server.account import initdb_account, server_account
from kho.server.binaries import bin_dir
from kho.settings import get_settings

ROOT = get_settings().project_root
COMPILED = get_settings().home / "cache" / "python"
WITH_CELERY = bool(
    find_spec("airflow.providers") and find_spec("airflow.providers.celery") and shutil.which("redis-server")
)
"""Where there is no Redis, LocalExecutor stands in for Celery."""

_STOP_SECONDS = 90.0
"""The compose file gives them two and five minutes; a worker on a busy machine takes its time."""
_CONNECTION = '{"conn_type": "https", "host": "lgsp.invalid", "login": "key", "password": "secret"}'
# The image of Airflow starts what follows the word `airflow`, or a shell.
_CURL = f"""#!{sys.executable}
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[-1], timeout=10).read().decode())
"""


@dataclass
class ByHand:
    """The system; `start` and `stop` its services."""

    home: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {
            name: free_port()
            for name in ("postgres", "redis", "api-server", "scheduler", "worker-log", "trigger-log")
        }
    )
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bin, self._secrets = self.home / "bin", self.home / "secrets"
        self._connections = self.home / "connections"
        for folder in (
            self._bin,
            self._secrets,
            self._connections,
            self.home / "logs",
            self.home / "state",
            self.home / "tmp",
        ):
            folder.mkdir()
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        # Compose's own interpolation: ${NAME:-default}, and $$ for a dollar.
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        self.services: dict[str, Any] = yaml.safe_load(self._here(text).replace("$$", "$"))["services"]
        names = set(yaml.safe_load(text)["secrets"])
        for name in names:
            value = secrets.token_hex(32)
            if name == "fernet_key":
                value = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            (self._secrets / name).write_text(value, encoding="ascii")
        for name in ("lgsp", "agency_finance"):
            (self._connections / name).write_text(_CONNECTION, encoding="ascii")
        for script in ("entrypoint.sh", "make-databases.sh"):
            self._script(script, self._here((ROOT / "deploy" / script).read_text(encoding="utf-8")))
        if shutil.which("curl") is None:
            self._script("curl", _CURL)

    def secret(self, name: str) -> str:
        """The value of a secret."""
        return (self._secrets / name).read_text(encoding="ascii")

    def log(self, service: str) -> str:
        """What a service has said."""
        return (self.home / "logs" / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    def start_database(self) -> None:
        """What the image of PostgreSQL does with a new volume, then its server."""
        service, data = self.services["postgres"], self.home / "pgdata"
        data.mkdir(mode=0o700)
        account = server_account(self.home / "absent")
        maker = initdb_account(account)
        password = self.home / "pgpassword"
        password.write_text(self.secret("postgres_password"), encoding="ascii")
        for path in (data, password):
            maker.take(path) if path.is_dir() else maker.take_file(path)
        options = shlex.split(service["environment"]["POSTGRES_INITDB_ARGS"])
        subprocess.run(
            [str(bin_dir() / "initdb"), "-D", str(data), "--username=postgres", f"--pwfile={password}", *options],
            check=True, cwd="/", env=self._base(), stdout=subprocess.DEVNULL, **maker.run_as(),
        )  # fmt: skip
        password.unlink()
        account.take(data)
        here = ["-D", str(data), "-k", str(data), "-p", str(self.ports["postgres"]), "-h", "127.0.0.1"]
        self._spawn(
            "postgres", [str(bin_dir() / "postgres"), *service["command"][1:], *here], {}, account.run_as()
        )

    def make_databases(self) -> None:
        """What the image runs out of docker-entrypoint-initdb.d."""
        environment = {"PGPASSWORD": self.secret("postgres_password"), "PGHOST": str(self.home / "pgdata")}
        self._run([str(self._bin / "make-databases.sh")], environment, "make-databases")

    def start_queue(self) -> None:
        """Redis, as the compose file says."""
        command = shlex.split(self.services["redis"]["command"])
        self._spawn("redis", command, {}, {"cwd": self.home / "state"})

    def run_init(self) -> None:
        """The service that runs once."""
        self._run(self._command("init"), self.environment("init"), "init")

    def start(self, service: str) -> None:
        """Start one of Airflow's services."""
        self._spawn(service, self._command(service), self.environment(service), {})

    def environment(self, service: str) -> dict[str, str]:
        """The service's environment: the image's, then the compose file's, then what one host needs."""
        docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        image = dict(re.findall(r"^(?:ENV|   ) ([A-Z_]+)=(\S+)", docker, flags=re.MULTILINE))
        ours = {
            "AIRFLOW_HOME": str(self.home / f"airflow-{service}"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ports["api-server"]),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["scheduler"]),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports["worker-log"]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports["trigger-log"]),
        }
        if not WITH_CELERY:
            ours["AIRFLOW__CORE__EXECUTOR"] = "LocalExecutor"
        here = {name: self._here(value) for name, value in image.items()}
        theirs = {name: str(value) for name, value in self.services[service]["environment"].items()}
        return {**here, **theirs, **ours}

    def healthy(self, service: str) -> bool:
        """Ask the service's own health check, in the environment that a container gives it."""
        kind, *command = self.services[service]["healthcheck"]["test"]
        if kind == "CMD-SHELL":
            command = ["sh", "-c", *command]
        environment = self.environment(service) if service in self.airflow else {}
        answer = subprocess.run(
            command, env=self._base() | environment, cwd="/", capture_output=True, check=False, timeout=30
        )
        return answer.returncode == 0

    @property
    def airflow(self) -> list[str]:
        """Airflow's services that stay."""
        others = {"postgres", "redis", "init", *(() if WITH_CELERY else ("worker",))}
        return [name for name in self.services if name not in others]

    def wait_until_healthy(self, service: str, seconds: float) -> None:
        """Wait for the health check; a service that ends instead fails at once."""
        deadline = time.monotonic() + seconds
        while not self.healthy(service):
            ended = self.running[service].poll()
            assert ended is None, f"{service} ended with {ended}: {self.log(service)[-2000:]}"
            assert time.monotonic() < deadline, f"{service} is not healthy: {self.log(service)[-2000:]}"
            time.sleep(1.0)

    def stop(self) -> dict[str, bool]:
        """Stop all services, the last started first; says of each whether it ended when asked to."""
        willing = {}
        airflow = [process for name, process in self.running.items() if name not in {"postgres", "redis"}]
        for process in airflow:
            process.terminate()
        for name, process in reversed(self.running.items()):
            # PostgreSQL's answer to SIGTERM is to wait for its sessions; its image asks for a fast end.
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
                willing[name] = True
            except subprocess.TimeoutExpired:
                willing[name] = False
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.clear()
        return willing

    def _command(self, service: str) -> list[str]:
        command = self.services[service]["command"]
        arguments = shlex.split(command) if isinstance(command, str) else command
        return [str(self._bin / "entrypoint.sh"), *arguments]

    def _here(self, text: str) -> str:
        """Turn the containers' names and folders into this machine's."""
        port = self.ports
        for theirs, ours in (
            ("@postgres:5432/", f"@127.0.0.1:{port['postgres']}/"),
            ("@postgres/", f"@127.0.0.1:{port['postgres']}/"),
            ("@redis:6379/", f"@127.0.0.1:{port['redis']}/"),
            ("http://api-server:8080/", f"http://127.0.0.1:{port['api-server']}/"),
            ("http://localhost:8080/", f"http://127.0.0.1:{port['api-server']}/"),
            ("http://localhost:8974/", f"http://127.0.0.1:{port['scheduler']}/"),
            ("redis-server -", f"redis-server - --bind 127.0.0.1 --port {port['redis']}"),
            ("redis-cli ping", f"redis-cli -p {port['redis']} ping"),
            ("/run/secrets/", f"{self._secrets}/"),
            ("/run/connections/", f"{self._connections}/"),
            ("/opt/kho/var", str(self.home / "state")),
            ("/opt/kho", str(ROOT)),
        ):
            text = text.replace(theirs, ours)
        return text

    def _base(self) -> dict[str, str]:
        """What every container has; nothing of the caller's environment but where programs are."""
        places = [str(self._bin), str(Path(sys.executable).parent), str(bin_dir()), os.environ["PATH"]]
        return {
            "PATH": os.pathsep.join(places),
            "LANG": "C.UTF-8",
            "HOME": str(self.home / "tmp"),
            "TMPDIR": str(self.home / "tmp"),
            "PGPORT": str(self.ports["postgres"]),
            "PYTHONPYCACHEPREFIX": str(COMPILED),
        } | {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}

    def _script(self, name: str, text: str) -> None:
        path = self._bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def _spawn(
        self, service: str, command: list[str], environment: dict[str, str], options: dict[str, Any]
    ) -> None:
        with (self.home / "logs" / f"{service}.log").open("wb") as log:
            self.running[service] = subprocess.Popen(
                command, env=self._base() | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **({"cwd": "/"} | options),
            )  # fmt: skip

    def _run(self, command: list[str], environment: dict[str, str], name: str) -> None:
        self._spawn(name, command, environment, {})
        status = self.running.pop(name).wait(60)
        assert status == 0, f"{name} failed: {self.log(name)[-3000:]}"
