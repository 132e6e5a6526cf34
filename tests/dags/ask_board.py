"""Airflow's api-server, asked by a test: a JSON request a line on stdin, an answer a line on stdout, among what Airflow logs.

A request is {user, role, method, path, data, cookies, headers}; without a user nobody is logged in, and a user
with `expired` has a session that is over.
"""

import json
import sys

from airflow import settings
from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models import DagRun
from airflow.models.base import Base
from airflow.models.dagbundle import DagBundleModel
from airflow.plugins_manager import get_plugin_info
from airflow.utils.db import synchronize_log_template
from fastapi.testclient import TestClient
from sqlalchemy import select

app = create_app(apps="core")
Base.metadata.create_all(settings.engine)
synchronize_log_template()
with settings.Session() as session:
    session.add(DagBundleModel(name="dags-folder"))
    session.commit()
sync_bag_to_db(DagBag(f"{sys.argv[1]}/replay.py", bundle_name="dags-folder"), "dags-folder", None)


def runs() -> list[dict[str, object]]:
    """The runs that were started."""
    with settings.Session() as session:
        return [
            {"dag": run.dag_id, "by": run.triggering_user_name, "conf": run.conf}
            for run in session.scalars(select(DagRun).order_by(DagRun.id))
        ]


def ask(wanted: dict) -> dict[str, object]:
    """What the server answers."""
    client = TestClient(app, follow_redirects=False)
    for name, value in wanted.get("cookies", {}).items():
        client.cookies.set(name, value)
    if wanted.get("user"):
        user = SimpleAuthManagerUser(username=wanted["user"], role=wanted.get("role"))
        seconds = -60 if wanted.get("expired") else 600
        token = get_auth_manager().generate_jwt(user, expiration_time_in_seconds=seconds)
        client.cookies.set("_token", token)
    said = client.request(
        wanted.get("method", "GET"),
        f"/quality{wanted['path']}",
        data=wanted.get("data"),
        headers=wanted.get("headers"),
    )
    return {
        "status": said.status_code,
        "text": said.text,
        "headers": dict(said.headers),
        "cookies": dict(said.cookies),
    }


views = [view["href"] for plugin in get_plugin_info() for view in plugin["external_views"]]
print("answer:", json.dumps(views), flush=True)
for line in sys.stdin:
    answer = runs() if line.strip() == "runs" else ask(json.loads(line))
    print("answer:", json.dumps(answer), flush=True)
