"""What can go wrong in a request, and the one table that says how it is told (RFC 9457 problem details).

ApiError
├── NotLoggedIn      BadCredentials      Locked
├── Forbidden        ForeignOrigin       BadSetupCode
├── NotFound
├── Conflict
├── Invalid
└── Unavailable

Told beside them: what other rooms and the database (CommitFailed) raise.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException

from shike.api.database import CommitFailed
from shike.attendance.training.errors import Refused
from shike.capture.errors import CaptureError, NoFootage

log = logging.getLogger(__name__)


class FieldError(BaseModel):
    """One thing wrong with one field of a request; `field` is a dotted path, `code` is for programs."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """The body of every error answer (application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    code: str
    errors: list[FieldError] = []
    request_id: str


class ApiError(Exception):
    """A refusal that the caller can read. `retryable`: the same request may succeed later. `hint`: what to do."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, code: str | None = None, hint: str | None = None, **extras: Any) -> None:
        super().__init__(detail)
        self.detail, self.code, self.hint, self.extras = detail, code, hint, extras


class NotLoggedIn(ApiError):
    """No login session, or it has ended."""


class BadCredentials(ApiError):
    """User name or password wrong. Extra: remaining_attempts."""


class Locked(ApiError):
    """Too many wrong passwords. Extra: retry_after_s."""

    retryable = True


class Forbidden(ApiError):
    """A member of the house without this right."""


class ForeignOrigin(ApiError):
    """A page of another site sent this request."""


class BadSetupCode(ApiError):
    """The code of first-run setup is not the one on the server's console."""


class NotFound(ApiError):
    """No such row, or a row of somebody else: the two cannot be told apart."""


class Conflict(ApiError):
    """The request is well formed and does not fit what is there."""


class Unavailable(ApiError):
    """Something that the service needs does not answer now."""

    retryable = True


class BadRange(ApiError):
    """The Range header is malformed, outside of the segment or too large. Extra: size."""


class Invalid(ApiError):
    """Fields are wrong in a way that only the service can know."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.errors = [FieldError(field=field, code=code, message=message)]


@dataclass(frozen=True)
class Telling:
    """How a class of errors is told: HTTP status, default code, title."""

    status: int
    code: str
    title: str


TABLE: Mapping[type[Exception], Telling] = {
    NotLoggedIn: Telling(401, "not_logged_in", "Not logged in"),
    BadCredentials: Telling(401, "bad_credentials", "User name or password is wrong"),
    Locked: Telling(429, "locked", "Locked after too many wrong passwords"),
    Forbidden: Telling(403, "forbidden", "Not allowed"),
    ForeignOrigin: Telling(403, "foreign_origin", "The request came from another site"),
    BadSetupCode: Telling(403, "bad_setup_code", "The setup code is wrong"),
    NotFound: Telling(404, "not_found", "Not found"),
    Conflict: Telling(409, "conflict", "Does not fit what is there"),
    Invalid: Telling(422, "invalid", "Some fields are wrong"),
    Refused: Telling(422, "invalid", "Some fields are wrong"),
    RequestValidationError: Telling(422, "invalid", "Some fields are wrong"),
    IntegrityError: Telling(409, "conflict", "Does not fit what is there"),
    OperationalError: Telling(503, "database_unavailable", "The database does not answer"),
    BadRange: Telling(416, "bad_range", "Not a range of this segment"),
    NoFootage: Telling(404, "nothing_recorded", "Nothing was recorded"),
    CaptureError: Telling(500, "footage_unreadable", "The footage cannot be read"),
    CommitFailed: Telling(503, "commit_failed", "The change could not be saved"),
    Unavailable: Telling(503, "unavailable", "Not available now"),
}
UNEXPECTED = Telling(500, "internal", "The service failed")


def telling_of(error: Exception) -> Telling:
    """The row of TABLE for an error: its own class, else the nearest ancestor, else a plain 500."""
    return next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), UNEXPECTED)


def problem(request_id: str, error: Exception) -> JSONResponse:
    """The answer for an error. Nothing of an unexpected error leaves the house but its request id."""
    if isinstance(error, HTTPException):
        telling = Telling(error.status_code, HTTP_CODES.get(error.status_code, "http_error"), str(error.detail))
    else:
        telling = telling_of(error)
    body: dict[str, Any] = {"type": "about:blank", "title": telling.title, "status": telling.status, "detail": None}
    body |= {"code": telling.code, "errors": [], "request_id": request_id}
    headers: dict[str, str] = dict(getattr(error, "headers", None) or {})
    if isinstance(error, ApiError):
        body |= {"detail": error.detail or None, "code": error.code or telling.code, **error.extras}
        if error.hint:
            body["hint"] = error.hint
        if "retry_after_s" in error.extras:
            headers["Retry-After"] = str(error.extras["retry_after_s"])
    if isinstance(error, CommitFailed):
        body["detail"] = str(error)
    if isinstance(error, Invalid):
        body["errors"] = [each.model_dump() for each in error.errors]
    if isinstance(error, Refused):
        refused = FieldError(field=error.field, code=error.code, message=str(error))
        body |= {"detail": str(error), "errors": [refused.model_dump()]}
    if isinstance(error, RequestValidationError):
        body["errors"] = [field_error(each).model_dump() for each in error.errors()]
    return JSONResponse(body, telling.status, headers, media_type="application/problem+json")


HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 400: "bad_request"}
CODES = {"string_too_short": "too_short", "string_too_long": "too_long", "extra_forbidden": "unknown"}


def field_error(raw: Mapping[str, Any]) -> FieldError:
    """A validation error without what was entered: it could be a password."""
    where: Sequence[Any] = raw["loc"][1:] if raw["loc"][:1] in (("body",), ("query",), ("path",)) else raw["loc"]
    code = CODES.get(raw["type"], raw["type"])
    return FieldError(field=".".join(str(part) for part in where), code=code, message=raw["msg"])


def request_id_of(request: Request) -> str:
    """The id that requests.py gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def install(app: FastAPI) -> None:
    """Tell every known error as a problem. Unknown ones are caught, logged and told by requests.py."""

    async def tell(request: Request, error: Exception) -> JSONResponse:
        if telling_of(error).status >= 500 and not isinstance(error, HTTPException):
            log.error("request %s failed", request_id_of(request), exc_info=error)
        return problem(request_id_of(request), error)

    told = (ApiError, Refused, HTTPException, RequestValidationError, CaptureError)
    of_the_database = (IntegrityError, OperationalError, CommitFailed)
    for kind in (*told, *of_the_database):
        app.add_exception_handler(kind, tell)
