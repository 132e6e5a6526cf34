"""The quality board in Airflow's user interface: a menu entry, and a tab of every dataset's DAG.

In: the warehouse, through `kho.board`. Out: `/quality/`, for whoever may read DAGs (`kho_web/board.py`).
"""

from airflow.plugins_manager import AirflowPlugin

from kho_web import LateSite

PREFIX = "/quality"
_NAME = "Chất lượng dữ liệu"


class Board(AirflowPlugin):
    """Adds the board, its entry in the menu, and the way to it from a DAG."""

    name = "kho_board"
    fastapi_apps = [  # noqa: RUF012
        {"app": LateSite("kho_web.board"), "url_prefix": PREFIX, "name": "Quality board"}
    ]
    external_views = [  # noqa: RUF012
        # Without a route of Airflow's own it opens as a page; with one, in a frame that no link can leave.
        {"name": _NAME, "href": f"{PREFIX}/", "destination": "nav"},
        {
            "name": _NAME,
            "href": f"{PREFIX}/datasets/{{DAG_ID}}",
            "url_route": "quality-dataset",
            "destination": "dag",
        },
    ]
