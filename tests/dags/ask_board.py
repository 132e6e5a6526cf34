"""Airflow's api-server, asked by a test: a JSON request a line on stdin, an answer a line on stdout, among what Airflow logs.

A request is {user, role, method, path, data, cookies, headers}; without a user nobody is logged in, and a user
with `expired` has a session that is over. The line "runs" asks for the runs that were started, {"token": user}
for a session to give to a browser. The same application listens on a port: the first answer names it.
"""

import json
import os
import socket
import sys
import threading

# Of the datasets' DAGs one is enough to look at.
os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "population"

import uvicorn
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
for file in ("replay", "datasets"):
    sync_bag_to_db(DagBag(f"{sys.argv[1]}/{file}.py", bundle_name="dags-folder"), "dags-folder", None)


def listen() -> str:
    """Serve the application in a thread; where."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def runs() -> list[dict[str, object]]:
    """The runs that were started."""
    with settings.Session() as session:
        return [
            {"dag": run.dag_id, "by": run.triggering_user_name, "conf": run.conf}
            for run in session.scalars(select(DagRun).order_by(DagRun.id))
        ]


def token_of(wanted: dict) -> str:
    """A session of a user."""
    user = SimpleAuthManagerUser(username=wanted["user"], role=wanted.get("role"))
    seconds = -60 if wanted.get("expired") else 600
    return get_auth_manager().generate_jwt(user, expiration_time_in_seconds=seconds)


def ask(wanted: dict) -> dict[str, object]:
    """What the server answers."""
    client = TestClient(app, follow_redirects=False)
    for name, value in wanted.get("cookies", {}).items():
        client.cookies.set(name, value)
    if wanted.get("user"):
        client.cookies.set("_token", token_of(wanted))
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
print("answer:", json.dumps({"views": views, "url": listen()}), flush=True)
for line in sys.stdin:
    if line.strip() == "runs":
        answer = runs()
    else:
        wanted = json.loads(line)
        answer = token_of(wanted["token"]) if "token" in wanted else ask(wanted)
    print("answer:", json.dumps(answer), flush=True)
