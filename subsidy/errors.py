"""What can go wrong when a subsidy is decided.

SubsidyError
├── BadParameter       a parameter file says something that makes no sense
├── UnknownParameter   nobody wrote this parameter, or not for this key
├── NoValueYet         the date lies before the parameter's first value
└── UnknownRule        a class of a project type that no rule decides
"""

from typing import ClassVar


class SubsidyError(Exception):
    """The root. `retryable`: the same question may be answered later. `hint`: what to do about it."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.hint = detail, hint


class BadParameter(SubsidyError):
    """A parameter file that cannot be used; the service does not guess what was meant."""


class UnknownParameter(SubsidyError):
    """There is no such parameter, or it has no value for this key. Never zero."""


class NoValueYet(SubsidyError):
    """A date before the first value. Never zero: somebody has to say what held then."""


class UnknownRule(SubsidyError):
    """No rule decides this project type."""
