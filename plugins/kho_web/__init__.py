"""What Airflow's api-server serves for kho behind Airflow's login: Data Docs and the board.

In: requests below a plugin's prefix. Out: pages. Airflow loads plugins into every process, tasks included;
so a plugin names a module here, which is imported with the first request.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class LateSite:
    """An application whose module is imported when somebody first asks for it."""

    def __init__(self, module: str) -> None:
        self._module = module

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by `site` of the module."""
        await import_module(self._module).site(scope, receive, send)
