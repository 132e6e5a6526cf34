"""Asks Airflow's api-server for Data Docs; prints what it answers. Started by a test, with Airflow's environment."""

import json
import sys

from airflow import settings
from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.revoked_token import RevokedToken
from airflow.plugins_manager import get_plugin_info
from fastapi.testclient import TestClient

RevokedToken.__table__.create(settings.engine)  # the one table that a login looks into
client = TestClient(create_app(apps="core"))
token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="admin", role="admin"))
strangers = client.get("/data-docs/index.html")
client.cookies.set("_token", token)
said = {path: client.get(f"/data-docs/{path}") for path in sys.argv[1:]}
print(
    json.dumps(
        {
            "stranger": strangers.status_code,
            "views": [view["href"] for plugin in get_plugin_info() for view in plugin["external_views"]],
            "pages": {path: [one.status_code, one.text] for path, one in said.items()},
            "policy": said[sys.argv[1]].headers.get("Content-Security-Policy"),
        }
    )
)
