"""The process of `shike up`: starts all processes of one machine and restarts those that end.

A process that ends is started again after a pause that grows while it keeps failing; the others continue. Each child
holds a pipe whose other end is here, so it ends when this process ends. Its output is also written to
`logs/<name>.log`. Design: docs/design/architecture.md, "Processes".
"""

import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Event, Thread

from shike.capture.backoff import Backoff, Pauses
from shike.capture.become import LEAN, became
from shike.capture.clock import Clock, SystemClock
from shike.capture.lifeline import LIFELINE, halt_on_signal

log = logging.getLogger(__name__)

# Name and `shike` command, in the order of starting; they are stopped in reverse order, so capture ends last.
Commands = Mapping[str, Sequence[str]]
COMMANDS: Commands = {name: (name,) for name in ("capture", "keep", "count", "api")}
# Lines of a child that begin with this mark are shown on the console but not logged: the setup code.
CONSOLE_ONLY = "\x02"
_POLL_S = 0.2
_PAUSES = Pauses(first_s=1.0, longest_s=30.0, healthy_s=60.0)
_STOP_LIMIT_S = 10.0
_LOG_BYTES, _LOG_FILES = 5_000_000, 3


@dataclass(slots=True)
class _Child:
    process: "subprocess.Popen[str]"
    started_s: float
    backoff: Backoff = field(default_factory=lambda: Backoff(_PAUSES))
    restart_at_s: float | None = None


class _OutputLog(RotatingFileHandler):
    """The log of a child's output. A line that cannot be written is dropped: the child must not block."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the library's name
        return


class Processes:
    """The processes of this machine. Owner of the children."""

    def __init__(self, logs: Path, clock: Clock, commands: Commands = COMMANDS, *, aloud: bool = True) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs, self._clock, self._commands, self._aloud = logs, clock, commands, aloud
        self._children: dict[str, _Child] = {}

    def run(self, halt: Event) -> None:
        """Starts all processes, restarts those that end until `halt`, then stops all."""
        try:
            for name in self._commands:
                self._children[name] = _Child(self._start(name), self._clock.monotonic())
            while not halt.wait(_POLL_S):
                for name, child in self._children.items():
                    self._restart_if_ended(name, child)
        finally:
            self._stop()

    def _restart_if_ended(self, name: str, child: _Child) -> None:
        now_s = self._clock.monotonic()
        if child.process.poll() is None:
            return
        if child.restart_at_s is None:
            pause_s = child.backoff.failed(now_s - child.started_s)
            log.error("%s ended with %s; again in %.0f s", name, child.process.returncode, pause_s)
            if child.process.stdin is not None:
                child.process.stdin.close()
            child.restart_at_s = now_s + pause_s
        elif now_s >= child.restart_at_s:
            child.process, child.started_s, child.restart_at_s = self._start(name), now_s, None

    def _start(self, name: str) -> "subprocess.Popen[str]":
        # Variables that keep this process small were not measured for its children; a child may set its own.
        environment = {key: value for key, value in os.environ.items() if LEAN.get(key) != value}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "shike.api.commands.cli", *self._commands[name]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment | {LIFELINE: "1", "PYTHONUNBUFFERED": "1"},
        )
        Thread(target=self._copy_output, args=(name, process), name=f"output of {name}", daemon=True).start()
        return process

    def _copy_output(self, name: str, process: "subprocess.Popen[str]") -> None:
        # Drain the child's output to its end: a full pipe would block the child.
        path = self._logs / f"{name}.log"
        handler = _OutputLog(path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8", delay=True)
        with suppress(OSError):
            path.touch()
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(CONSOLE_ONLY):
                sys.stderr.write(f"{name:11}{line.removeprefix(CONSOLE_ONLY)}")
                continue
            handler.emit(logging.LogRecord(name, logging.INFO, "", 0, "%s", (line.rstrip("\n"),), None))
            if self._aloud:
                sys.stderr.write(f"{name:11}{line}")
        handler.close()
        process.stdout.close()

    def _stop(self) -> None:
        until = self._clock.monotonic() + _STOP_LIMIT_S
        for name in reversed(list(self._commands)):
            child = self._children.get(name)
            if child is None:
                continue
            child.process.terminate()
            try:
                child.process.wait(max(1.0, until - self._clock.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("%s did not stop; it is killed", name)
                child.process.kill()
                child.process.wait()
            if child.process.stdin is not None:
                child.process.stdin.close()


def main() -> None:
    """Entry of the process that `shike up` becomes; it receives the folder of the logs."""
    Processes(Path(became()), SystemClock()).run(halt_on_signal())


if __name__ == "__main__":
    main()
