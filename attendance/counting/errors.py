"""What can go wrong while counting, apart from footage (shike.capture.errors).

CountingError
├── ModelMissing   the packed detector is not where it should be
└── ModelDamaged   its bytes are not the ones that were packed
"""


class CountingError(Exception):
    """Base of the errors of counting. `retryable`: the same call may succeed later. `hint`: how to mend it."""

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ModelMissing(CountingError):
    """No model file. In a checkout it is made by scripts/pack_detector.py; a wheel holds it."""


class ModelDamaged(CountingError):
    """The model file does not have the digest that was noted when it was packed."""
