"""Who asks, and what they may do: Airflow's own login and its auth manager, for every page of ours.

In: a request. Out: Airflow's user, or a refusal. Airflow does not ask for a login in front of a plugin's
pages; every route here depends on `LoggedIn`. What a user may do is what the auth manager says of DAGs:
who may read them may read the board, who may edit a dataset's DAG may decide about its cases, who may
trigger the DAG `replay` may replay.
"""

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import Response

LoggedIn = Annotated[BaseUser, Depends(get_user)]
REPLAY_DAG = "replay"
_FORM_SECONDS = 8 * 3600


def new_site(policy: str) -> FastAPI:
    """An application without pages about itself; every answer carries the content security policy."""
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    async def with_policy(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    site.add_middleware(BaseHTTPMiddleware, dispatch=with_policy)
    return site


def may_read(user: BaseUser) -> bool:
    """Whether the user may read DAGs and their runs."""
    return get_auth_manager().is_authorized_dag(method="GET", user=user)


def may_waive(user: BaseUser, dataset: str) -> bool:
    """Whether the user may edit the dataset's DAG."""
    return get_auth_manager().is_authorized_dag(method="PUT", details=DagDetails(id=dataset), user=user)


def may_replay(user: BaseUser) -> bool:
    """Whether the user may trigger the DAG that replays."""
    return get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=REPLAY_DAG), user=user
    )


def form_token(user: BaseUser) -> str:
    """What a form of this user carries; nobody else's page can know it."""
    return _signer().dumps(str(user.get_id()))


def check_form(request: Request, user: BaseUser, token: str) -> None:
    """Refuse a form that does not come from one of our pages, shown to this user within eight hours.

    Raises:
        HTTPException: 403.
    """
    comes_from = request.headers.get("Sec-Fetch-Site", "same-origin")
    try:
        shown_to = _signer().loads(token, max_age=_FORM_SECONDS)
    except BadSignature:
        shown_to = None
    if shown_to != str(user.get_id()) or comes_from != "same-origin":
        raise HTTPException(403, "the form is too old, or comes from another site")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(conf.get_mandatory_value("api", "secret_key"), salt="kho-board")
