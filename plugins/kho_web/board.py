"""The board's routes: who asks, what for, and which page answers.

In: requests below `/quality`. Out: pages of `kho.board.pages`. Nothing is decided here: reading is done by
`kho.board`, a waiver by the function that the command line calls, a replay by the DAG that calls the same.
"""

from datetime import date
from functools import cache
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from fastapi import Depends, Form, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException as StarletteHTTPException

from kho.board.cases import Filters, read_cases
from kho.board.pages import Visitor, page, style
from kho.board.rules import read_batch, read_batches, read_rule
from kho.board.scores import read_agencies, read_agency
from kho.board.search import find, read_sources
from kho.board.tonight import STAGES, read_night
from kho.board.words import LANGUAGES, Words
from kho.errors import ConfigurationError, KhoError
from kho.quality.quarantine import STATES, note_look, show_case, waive_case
from kho.quality.submissions import STATES as SUBMISSION_STATES
from kho.quality.submissions import list_submissions
from kho.report.names import Names, read_names
from kho.server.warehouse import open_warehouse
from kho.settings import get_settings
from kho_web.login import LoggedIn, check_form, form_token, may_read, may_replay, may_waive, new_site
from kho_web.runs import runs_of_night, start_replay

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
_LANGUAGE = "kho_language"
_SUBMISSIONS = 300

site = new_site(_POLICY)


class Look:
    """One request of a user who may read: the warehouse, its names, and the page that answers."""

    def __init__(self, request: Request, user: LoggedIn) -> None:
        if not may_read(user):
            raise HTTPException(403)
        self.request, self.user = request, user
        self.settings = get_settings()
        self.engine = _warehouse()
        with self.engine.connect() as db:
            self.names = read_names(db, self.settings.contracts_dir)
        self.visitor = _visitor(request, user)

    def say(self, key: str, **about: Any) -> str:
        """A sentence in the user's language."""
        return Words(self.visitor.language).say(key, **about)

    def page(self, template: str, **content: Any) -> Response:
        """The page, which no cache keeps; the language is remembered if it was chosen here."""
        return _answer(self.request, page(template, self.visitor, self.names, **content))

    def link(self, path: str) -> str:
        """A place of the board."""
        return f"{self.visitor.root}/{path}"

    def night(self) -> date:
        """The last night of which anything is known."""
        as_of = read_night(self.engine).as_of
        if as_of is None:
            raise HTTPException(404, "no night yet")
        return as_of


Looking = Annotated[Look, Depends(Look)]


@site.get("/board.css")
def stylesheet() -> Response:
    """The style, which tells nobody anything."""
    return Response(style(), media_type="text/css", headers={"Cache-Control": "max-age=300"})


@site.get("/")
def tonight(look: Looking, night: date | None = None) -> Response:
    """A night at a glance."""
    found = read_night(look.engine, night)
    return look.page("tonight", night=found, stages=STAGES, runs=runs_of_night(found.as_of))


@site.get("/agencies")
def agencies(look: Looking) -> Response:
    """All agencies by principle."""
    as_of = look.night()
    found = read_agencies(look.engine, as_of, look.names, look.settings)
    return look.page("agencies", found=found, as_of=as_of)


@site.get("/agencies/{code}")
def agency(look: Looking, code: str) -> Response:
    """One agency with its history."""
    if not look.names.knows(code):
        raise HTTPException(404)
    as_of = look.night()
    found = read_agency(look.engine, code, as_of, look.names, look.settings)
    return look.page("agency", found=found, as_of=as_of)


@site.get("/cases")
def cases(
    look: Looking,
    dataset: str = "",
    agency: str = "",
    rule: str = "",
    status: str = "open",
    age: str = "",
    after: str = "",
) -> Response:
    """A page of the quarantine."""
    days = int(age) if age.isascii() and age.isdigit() and len(age) <= 4 else 0
    filters = Filters(dataset, agency, rule.strip(), "" if status == "all" else status, days)
    found = read_cases(look.engine, filters, after)
    return look.page("cases", filters=filters, found=found, mark=after, states=STATES)


@site.get("/cases/{quarantine_id}")
def case(look: Looking, quarantine_id: int, waived: date | None = None) -> Response:
    """One case with its masked record; that somebody looks at it is written down."""
    try:
        file = show_case(look.engine, quarantine_id)
    except ConfigurationError:
        raise HTTPException(404) from None
    note_look(look.engine, quarantine_id, f"quality board, {look.user.get_name()}")
    told = look.say("waive.done", day=Words(look.visitor.language).day(waived)) if waived else ""
    is_told = told if file.case.waived_until == waived else ""
    return look.page("case", file=file, told=is_told)


@site.post("/cases/{quarantine_id}/waive")
def waive(
    look: Looking,
    quarantine_id: int,
    token: Annotated[str, Form()],
    reason: Annotated[str, Form(max_length=500)],
    until: Annotated[str, Form()] = "",
) -> Response:
    """Take a case off the list, in the user's name."""
    check_form(look.request, look.user, token)
    try:
        file = show_case(look.engine, quarantine_id)
    except ConfigurationError:
        raise HTTPException(404) from None
    if not may_waive(look.user, file.case.dataset):
        raise HTTPException(403)
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError:
        raise HTTPException(400, f"no day: {until[:20]}") from None
    day = waive_case(look.engine, quarantine_id, look.user.get_name(), reason, last)
    return RedirectResponse(look.link(f"cases/{quarantine_id}?waived={day}"), 303)


@site.post("/replay")
def replay(
    look: Looking,
    token: Annotated[str, Form()],
    dataset: Annotated[str, Form()],
    reason: Annotated[str, Form(max_length=500)],
    rule: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Have a dataset's open cases judged again, in the user's name."""
    check_form(look.request, look.user, token)
    if not may_replay(look.user):
        raise HTTPException(403)
    if dataset not in look.names.datasets or not reason.strip():
        raise HTTPException(400, "a replay needs a dataset and a reason")
    run = start_replay(dataset, rule.strip(), reason.strip(), look.user.get_name())
    return look.page("replay", dataset=dataset, run=run)


@site.get("/rules/{dataset}/{rule}")
def rule(look: Looking, dataset: str, rule: str) -> Response:
    """What a rule says, and its history."""
    found = read_rule(look.engine, dataset, rule)
    if found is None:
        raise HTTPException(404)
    return look.page("rule", rule=found)


@site.get("/batches/{batch_id}")
def batch(look: Looking, batch_id: str) -> Response:
    """A batch's counts and results."""
    found = read_batch(look.engine, batch_id)
    if found is None:
        raise HTTPException(404)
    run = runs_of_night(found.ledger.as_of).get(found.ledger.dataset)
    return look.page("batch", found=found, run=run)


@site.get("/datasets/{dataset}")
def dataset(look: Looking, dataset: str) -> Response:
    """A dataset's batches; of a DAG that is no dataset's, the first page."""
    if dataset not in look.names.datasets:
        return RedirectResponse(look.link(""), 303)
    return look.page("dataset", dataset=dataset, batches=read_batches(look.engine, dataset))


@site.get("/submissions")
def submissions(look: Looking, dataset: str = "", agency: str = "", state: str = "") -> Response:
    """The calendar of obligations."""
    as_of = look.night()
    wanted = {"dataset": dataset or None, "agency": agency or None, "state": state or None}
    total, found = list_submissions(look.engine, as_of, limit=_SUBMISSIONS, **wanted)
    chosen = {"dataset": dataset, "agency": agency, "state": state}
    return look.page("submissions", as_of=as_of, found=found, total=total, states=SUBMISSION_STATES, **chosen)


@site.get("/sources")
def sources(look: Looking) -> Response:
    """How each source answered."""
    return look.page("sources", found=read_sources(look.engine))


@site.get("/search")
def search(look: Looking, q: str = "") -> Response:
    """Where a word leads."""
    return look.page("search", q=q[:100], found=find(look.engine, q, look.names))


@site.exception_handler(StarletteHTTPException)
@site.exception_handler(RequestValidationError)
@site.exception_handler(KhoError)
@site.exception_handler(OperationalError)
def refuse(request: Request, error: Exception) -> Response:
    """A page that says what was wrong; nothing of an unforeseen error's text."""
    said, status = "", 503
    if isinstance(error, StarletteHTTPException):
        status = error.status_code if error.status_code in (400, 401, 403, 404) else 400
    elif isinstance(error, RequestValidationError):
        status = 400
    elif isinstance(error, ConfigurationError):
        said, status = error.message, 400
    nobody = Names(datasets={}, owners={}, agencies={}, short={}, principles={})
    visitor = _visitor(request, None)
    login = ""
    if status == 401:
        # Back to the page that was asked for, not only to the board.
        login = get_auth_manager().get_url_login(next_url=f"{visitor.root}{visitor.path}")
    content = {"status": status, "said": said, "login": login}
    return _answer(request, page("error", visitor, nobody, **content), status)


@cache
def _warehouse() -> Engine:
    """The warehouse, whose schema is looked at once per process."""
    return open_warehouse(get_settings())


def _visitor(request: Request, user: Any) -> Visitor:
    root = request.scope["root_path"]
    given = request.query_params.get("lang") or request.cookies.get(_LANGUAGE, "")
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    path = request.url.path.removeprefix(root) if request.method == "GET" else "/"
    query = str(request.url.replace(query="").include_query_params(**dict(kept)).query) if kept else ""
    return Visitor(
        name=user.get_name() if user else "",
        language=given if given in LANGUAGES else LANGUAGES[0],
        root=root,
        airflow=root.removesuffix("/quality"),
        path=path + (f"?{query}" if query else ""),
        is_framed=request.headers.get("Sec-Fetch-Dest") == "iframe",
        token=form_token(user) if user else "",
        may_waive=lambda dataset: bool(user) and may_waive(user, dataset),
        may_replay=bool(user) and may_replay(user),
    )


def _answer(request: Request, text: str, status: int = 200) -> Response:
    response = HTMLResponse(text, status, headers={"Cache-Control": "no-store"})
    chosen = request.query_params.get("lang")
    if chosen in LANGUAGES:
        secure = request.url.scheme == "https"
        response.set_cookie(
            _LANGUAGE, chosen, max_age=31_536_000, httponly=True, samesite="lax", secure=secure
        )
    return response
