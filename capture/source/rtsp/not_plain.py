"""A camera that the plain reader leaves to FFmpeg."""


class NotPlain(Exception):
    """What a camera does is beyond the plain reader. `lasting` is true where another try would find the same."""

    def __init__(self, why: str, *, lasting: bool = True) -> None:
        super().__init__(why)
        self.lasting = lasting
