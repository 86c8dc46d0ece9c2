"""The errors of this room.

CaptureError
├── SourceError          a camera or file could not be read; `cause` is a code that the browser app translates
├── FootageError         stored footage is damaged or is not what was asked for
│   ├── NoFootage        nothing is recorded there
│   ├── StillWritten     a living writer holds the file
│   └── MixedParameters  a range cannot become one file without transcoding
├── SigningKeyError      a signing key is lost, replaced or unreadable
├── TimestampError       an authority gave no valid time stamp
└── DiskError            writing failed: the content of the file is unknown

Not here: NotPlain (source.reader_choice), RtspError (source.rtsp.errors), AlreadyRecording (recorder.supervisor): they
are not CaptureErrors.
"""


class CaptureError(Exception):
    """Base of this room's errors. `retryable`: the same call may succeed later. `hint`: how a person can fix it."""

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SourceError(CaptureError):
    """A source could not be opened or read. The message never holds an address, which could hold a password."""

    retryable = True

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail or cause)
        self.cause = cause


class FootageError(CaptureError):
    """Stored footage is damaged or is not what was asked for."""


class NoFootage(FootageError):
    """Nothing is recorded in the range that was asked for."""


class StillWritten(FootageError):
    """A living writer holds the segment: nobody else may close it."""

    retryable = True


class MixedParameters(FootageError):
    """The range holds pictures of different size or codec. `at_us`: when they change (µs UTC)."""

    def __init__(self, message: str, at_us: int) -> None:
        super().__init__(message, hint="export the time before and after the change apart")
        self.at_us = at_us


class SigningKeyError(CaptureError):
    """The key that should sign is missing or unreadable, or the chain holds a newer one."""


class TimestampError(CaptureError):
    """The authority gave no valid time stamp. The message may hold its host, never its whole address."""

    retryable = True


class DiskError(CaptureError):
    """A write or sync failed. `cause` is disk_full or disk_failed."""

    retryable = True

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail, hint="check free space and the health of the volume that holds the footage")
        self.cause = cause
