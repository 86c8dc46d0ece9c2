"""Errors of training data that people enter by hand or by file.

AttendanceError
└── Refused       one value is not accepted: its field, and a code for programs
    └── BadFile   the whole file cannot be read as a table
"""


class AttendanceError(Exception):
    """Base of these errors. `retryable`: the same call may succeed later. `hint`: how to fix it."""

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Refused(AttendanceError):
    """A value that is not allowed, or contradicts stored data."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code = field, code


class BadFile(Refused):
    """An error of the whole file: its size, encoding, headings or number of rows. `field` is "file"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__("file", code, message)
