"""The process that `shike keep` becomes. Not here: what it does (keep.py, wired in pipeline.py)."""

from shike.api.processes import pipeline
from shike.api.processes.keep_config import KeepConfig
from shike.capture.become import became
from shike.capture.clock import SystemClock
from shike.capture.lifeline import halt_on_signal


def main() -> None:
    """Entry of the process; the database is up to date already."""
    pipeline.keep(KeepConfig.from_json(became()), SystemClock(), halt_on_signal())


if __name__ == "__main__":
    main()
