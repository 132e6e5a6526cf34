"""Data Docs in Airflow's user interface: a menu entry, and the pages behind Airflow's own login.

In: the site that `kho.pipeline.build_docs` makes below `KHO_HOME`. Out: `/data-docs/`, for whoever is
logged in (`kho_web/data_docs.py`).
"""

from airflow.plugins_manager import AirflowPlugin

from kho_web import LateSite

PREFIX = "/data-docs"


class DataDocs(AirflowPlugin):
    """Adds the pages and their entry in the menu."""

    name = "kho_data_docs"
    fastapi_apps = [  # noqa: RUF012
        {"app": LateSite("kho_web.data_docs"), "url_prefix": PREFIX, "name": "Data Docs"}
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "Quy tắc dữ liệu (Data Docs)",
            "href": f"{PREFIX}/index.html",
            "url_route": "data-docs",
            "destination": "nav",
            "category": "browse",
        }
    ]
