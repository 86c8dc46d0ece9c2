"""Errors of a request, and the one table that gives each its HTTP status, code and title (RFC 9457 problem details).

ApiError
├── NotLoggedIn      BadCredentials      Locked
├── Forbidden        ForeignOrigin       BadSetupCode
├── NotFound
├── Conflict
├── Invalid
├── BadRange
└── Unavailable

The table also has the errors of other rooms and of the database (CommitFailed). A route may raise an ApiError with a
more exact code: docs/reference/http.md lists all of them. Design: docs/design/api.md.
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
    """One error in one field of a request; `field` is a dotted path, `code` is for programs."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """The body of every error response (application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    code: str
    errors: list[FieldError] = []
    request_id: str


class ApiError(Exception):
    """An error with a response of its own. `retryable`: the same request may succeed later. `hint`: what to do.

    `code` replaces the default code of the table; `extras` are further members of the problem.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, code: str | None = None, hint: str | None = None, **extras: Any) -> None:
        super().__init__(detail)
        self.detail, self.code, self.hint, self.extras = detail, code, hint, extras


class NotLoggedIn(ApiError):
    """There is no login session, or it has ended."""


class BadCredentials(ApiError):
    """User name or password is wrong. Extra: remaining_attempts."""


class Locked(ApiError):
    """Too many wrong passwords. Extra: retry_after_s."""

    retryable = True


class Forbidden(ApiError):
    """The caller is logged in, and their role does not have this right."""


class ForeignOrigin(ApiError):
    """A page of another site sent this request: the Origin header is not this server."""


class BadSetupCode(ApiError):
    """The setup code is not the one that the server's console shows."""


class NotFound(ApiError):
    """There is no such row, or it lies outside of the caller's scope; the response does not say which."""


class Conflict(ApiError):
    """The request is well formed, but the stored state does not allow it."""


class Unavailable(ApiError):
    """Something that the service needs is not available now."""

    retryable = True


class BadRange(ApiError):
    """The Range header is malformed, outside of the segment or too long. Extra: size."""


class Invalid(ApiError):
    """A field breaks a rule that needs the database or other fields; `errors` names it."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.errors = [FieldError(field=field, code=code, message=message)]


@dataclass(frozen=True)
class ErrorAnswer:
    """How the service answers a class of errors: HTTP status, default code, title."""

    status: int
    code: str
    title: str


TABLE: Mapping[type[Exception], ErrorAnswer] = {
    NotLoggedIn: ErrorAnswer(401, "not_logged_in", "Not logged in"),
    BadCredentials: ErrorAnswer(401, "bad_credentials", "User name or password is wrong"),
    Locked: ErrorAnswer(429, "locked", "Locked after too many wrong passwords"),
    Forbidden: ErrorAnswer(403, "forbidden", "Not allowed"),
    ForeignOrigin: ErrorAnswer(403, "foreign_origin", "The request came from another site"),
    BadSetupCode: ErrorAnswer(403, "bad_setup_code", "The setup code is wrong"),
    NotFound: ErrorAnswer(404, "not_found", "Not found"),
    Conflict: ErrorAnswer(409, "conflict", "Does not fit what is there"),
    Invalid: ErrorAnswer(422, "invalid", "Some fields are wrong"),
    Refused: ErrorAnswer(422, "invalid", "Some fields are wrong"),
    RequestValidationError: ErrorAnswer(422, "invalid", "Some fields are wrong"),
    IntegrityError: ErrorAnswer(409, "conflict", "Does not fit what is there"),
    OperationalError: ErrorAnswer(503, "database_unavailable", "The database does not answer"),
    BadRange: ErrorAnswer(416, "bad_range", "Not a range of this segment"),
    NoFootage: ErrorAnswer(404, "nothing_recorded", "Nothing was recorded"),
    CaptureError: ErrorAnswer(500, "footage_unreadable", "The footage cannot be read"),
    CommitFailed: ErrorAnswer(503, "commit_failed", "The change could not be saved"),
    Unavailable: ErrorAnswer(503, "unavailable", "Not available now"),
}
UNEXPECTED = ErrorAnswer(500, "internal", "The service failed")


def answer_of(error: Exception) -> ErrorAnswer:
    """The row of TABLE for an error: that of its class, else of the nearest base class, else a plain 500."""
    return next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), UNEXPECTED)


def problem(request_id: str, error: Exception) -> JSONResponse:
    """The response to an error. An unexpected error is not described; the response has only the request id."""
    if isinstance(error, HTTPException):
        answer = ErrorAnswer(error.status_code, HTTP_CODES.get(error.status_code, "http_error"), str(error.detail))
    else:
        answer = answer_of(error)
    body: dict[str, Any] = {"type": "about:blank", "title": answer.title, "status": answer.status, "detail": None}
    body |= {"code": answer.code, "errors": [], "request_id": request_id}
    headers: dict[str, str] = dict(getattr(error, "headers", None) or {})
    if isinstance(error, ApiError):
        body |= {"detail": error.detail or None, "code": error.code or answer.code, **error.extras}
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
    return JSONResponse(body, answer.status, headers, media_type="application/problem+json")


HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 400: "bad_request"}
CODES = {"string_too_short": "too_short", "string_too_long": "too_long", "extra_forbidden": "unknown"}


def field_error(raw: Mapping[str, Any]) -> FieldError:
    """A validation error without the value that was sent: it could be a password."""
    location: Sequence[Any] = raw["loc"][1:] if raw["loc"][:1] in (("body",), ("query",), ("path",)) else raw["loc"]
    code = CODES.get(raw["type"], raw["type"])
    return FieldError(field=".".join(str(part) for part in location), code=code, message=raw["msg"])


def request_id_of(request: Request) -> str:
    """The id that RequestEdge (requests.py) gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


HANDLED = (
    *(ApiError, Refused, HTTPException, RequestValidationError, CaptureError),
    *(IntegrityError, OperationalError, CommitFailed),
)


def install(app: FastAPI) -> None:
    """Answer every known error with a problem. RequestEdge (requests.py) catches, logs and answers all others."""

    async def handle(request: Request, error: Exception) -> JSONResponse:
        if answer_of(error).status >= 500 and not isinstance(error, HTTPException):
            log.error("request %s failed", request_id_of(request), exc_info=error)
        return problem(request_id_of(request), error)

    for kind in HANDLED:
        app.add_exception_handler(kind, handle)
