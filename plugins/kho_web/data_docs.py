"""Data Docs: the files below `KHO_HOME/data_docs`, for whoever is logged in."""

from fastapi import Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles

from kho.settings import get_settings
from kho_web.login import LoggedIn, new_site

# The pages are styled text: nothing in them runs, and nothing is loaded from elsewhere.
site = new_site("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")

# The folder is replaced every night, and not there before the first.
_files = StaticFiles(directory=get_settings().data_docs, html=True, check_dir=False)


@site.get("/{path:path}")
async def page(path: str, request: Request, user: LoggedIn) -> Response:  # noqa: ARG001
    """A file of the site, or its first page."""
    return await _files.get_response(path or "index.html", request.scope)
