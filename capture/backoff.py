"""How long to wait before trying a camera again."""

from random import Random

FIRST_S = 1.0
LONGEST_S = 60.0
HEALTHY_S = 60.0


class Backoff:
    """1 s doubling to 60 s, with jitter so that a room of cameras does not come back all at once."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._base_s = FIRST_S
        self.attempt = 0

    def failed(self, healthy_for_s: float) -> float:
        """Seconds to wait now. A minute of healthy recording before the failure starts the series anew."""
        if healthy_for_s >= HEALTHY_S:
            self._base_s, self.attempt = FIRST_S, 0
        wait_s = self._base_s * self._random.uniform(0.75, 1.25)
        self._base_s = min(LONGEST_S, self._base_s * 2)
        self.attempt += 1
        return wait_s
