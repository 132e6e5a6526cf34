"""A task that fails outside the warehouse's record is told by Airflow's notifier, once for all that fail with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kho.night.airflow_environment import airflow_environment
from kho.settings import Settings, get_settings
from tests.integration.mail_server import mail_server

DESK = "truc@tinh.example"


def test_tasks_that_fail_without_a_warehouse_are_one_mail(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    root = tmp_path / "project"
    (root / "include").mkdir(parents=True)
    (root / "include" / "templates").symlink_to(settings.templates_dir)
    text = (settings.project_root / "include" / "alerts.yaml").read_text(encoding="utf-8")
    named = text.replace("operators: {mail: []", f"operators: {{mail: [{DESK}]")
    (root / "include" / "alerts.yaml").write_text(named, encoding="utf-8")
    with mail_server() as box:
        extra = {"disable_tls": True, "from_email": "kho@tinh.example"}
        server = {"conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "extra": extra}
        given = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
            "AIRFLOW_CONN_SMTP": json.dumps(server),
            "KHO_WAREHOUSE_URL": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
            "PYTHONPYCACHEPREFIX": str(get_settings().home / "cache" / "python"),
        }
        environment = airflow_environment(settings, 8080, {**os.environ, **given})
        tasks = ("agencies.load", "agencies.finish", "population.finish", "star.build_star")
        failed = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("fail_outside.py")), str(root), *tasks],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert failed.returncode == 0, failed.stderr[-2000:]
    (mail,) = box.mails
    assert (mail["To"], mail["From"]) == (DESK, "kho@tinh.example")
    # A step's failure is written down by `finish`; nothing of an error's text is told.
    assert "Tác vụ agencies.finish hỏng (ConnectionError)" in mail.get_content()
    assert "mật khẩu" not in str(mail.get_content())
