"""Errors of counting, except those of footage (shike.capture.errors).

CountingError
├── ModelMissing   the file of the packed detector does not exist
└── ModelDamaged   its bytes are not the ones that were packed
"""


class CountingError(Exception):
    """Base of the errors of counting. `retryable`: the same call may succeed later. `hint`: how to fix it."""

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ModelMissing(CountingError):
    """No model file. In a checkout scripts/pack_detector.py makes it; a wheel contains it."""


class ModelDamaged(CountingError):
    """The model file does not have the digest that was recorded when it was packed."""
