"""Data Docs in Airflow's user interface: a menu entry, and the pages behind Airflow's own login.

In: the site that `kho.pipeline.build_docs` makes below `KHO_HOME`. Out: `/data-docs/`, for whoever is
logged in.

Airflow does not ask for a login in front of a plugin's pages; this one asks itself. It is loaded into every
process of Airflow, tasks included, so everything heavy is imported with the first request.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/data-docs"
# The pages are styled text: nothing in them runs, and nothing is loaded from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    await _site()(scope, receive, send)


@cache
def _site() -> ASGIApp:
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI, Request, Response
    from starlette.staticfiles import StaticFiles

    from kho.settings import get_settings

    # The folder is replaced every night, and not there before the first.
    files = StaticFiles(directory=get_settings().data_docs, html=True, check_dir=False)
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    async def page(path: str, request: Request, user: Any) -> Response:  # noqa: ARG001
        response = await files.get_response(path or "index.html", request.scope)
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    # FastAPI reads annotations at run time, and this module's are texts.
    page.__annotations__ = {"path": str, "request": Request, "user": Any, "return": None}
    page.__defaults__ = (Depends(get_user),)
    site.add_api_route("/{path:path}", page, methods=["GET"], response_model=None)
    return site


class DataDocs(AirflowPlugin):
    """Adds the pages and their entry in the menu."""

    name = "kho_data_docs"
    fastapi_apps = [{"app": serve, "url_prefix": PREFIX, "name": "Data Docs"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Quy tắc dữ liệu (Data Docs)",
            "href": f"{PREFIX}/index.html",
            "url_route": "data-docs",
            "destination": "nav",
            "category": "browse",
        }
    ]
