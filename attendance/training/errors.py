"""What can go wrong with training as it is entered, apart from footage and counting.

AttendanceError
├── BadFile   a file that cannot be read as a table at all
└── Refused   one value that does not fit: which field, and a code for programs
"""


class AttendanceError(Exception):
    """Base of these errors. `retryable`: the same call may succeed later. `hint`: how to mend it."""

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Refused(AttendanceError):
    """A value that does not fit what is there, or what may be."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code = field, code


class BadFile(Refused):
    """A file as a whole: its size, encoding, headings or number of rows. `field` is "file"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__("file", code, message)
