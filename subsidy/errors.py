"""Errors of subsidy decisions.

SubsidyError
├── BadParameter       a parameter file is malformed
├── UnknownParameter   there is no such parameter, or it has no value for this key
├── NoValueYet         the date lies before the parameter's first value
└── UnknownRule        no rule decides the project type of the class
"""

from typing import ClassVar


class SubsidyError(Exception):
    """Base of these errors. `retryable`: the same call may succeed later. `hint`: what to do about it."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.hint = detail, hint


class BadParameter(SubsidyError):
    """A malformed parameter file. Its content is not guessed."""


class UnknownParameter(SubsidyError):
    """There is no such parameter, or it has no value for this key. The value is not taken as zero."""


class NoValueYet(SubsidyError):
    """A date before the first value. The value is not taken as zero: somebody has to enter it."""


class UnknownRule(SubsidyError):
    """No rule decides this project type."""
