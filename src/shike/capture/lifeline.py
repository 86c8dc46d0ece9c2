"""Children that end with their parent, however the parent ends: they hold the other end of a pipe."""

import sys
import threading
from collections.abc import Callable


def end_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` once standard input, a pipe that only the parent holds, comes to its end."""

    def watch() -> None:
        sys.stdin.read()
        stop()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
