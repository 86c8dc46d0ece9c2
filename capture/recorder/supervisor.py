"""`shike capture`, the parent process: assigns the wanted streams to shards, starts and monitors them.

One recorder per data folder, held by a lock. A shard is killed and started again if its heartbeat stops or one of its
threads is stuck in a call for longer than the watchdog allows; only its own cameras are interrupted. Not here: what a
shard does (shard.py), how streams are distributed (assignment.py). Design: docs/design/capture.md, "Processes".
"""

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from shike.capture.archive.durable import replace_file
from shike.capture.archive.segment import StreamKey
from shike.capture.backoff import Backoff, Pauses
from shike.capture.become import LEAN, became
from shike.capture.clock import Clock, SystemClock
from shike.capture.lifeline import halt_on_signal
from shike.capture.recorder.assignment import ASSIGNMENT_FILE, assign, load_assignment
from shike.capture.recorder.config import CaptureConfig
from shike.capture.recorder.desired import Watch

log = logging.getLogger(__name__)

_POLL_S = 0.5
_STOP_LIMIT_S = 6.0
# A shard that ends for the first time is started again at once; if it ends again soon, after a pause that doubles.
_PAUSES = Pauses(first_s=1.0, longest_s=60.0, healthy_s=60.0, at_once=1)
_SHARD, RECOVERY = "shike.capture.recorder.shard", "shike.capture.recorder.recovery"


class AlreadyRecording(Exception):
    """Another recorder holds the lock of this data folder."""


@dataclass(slots=True)
class _Child:
    process: "subprocess.Popen[bytes]"
    started_s: float


@dataclass(slots=True)
class _Restart:
    """When a shard that has ended may be started again."""

    backoff: Backoff = field(default_factory=lambda: Backoff(_PAUSES))
    not_before_s: float = 0.0

    def ended(self, now_s: float, lived_s: float) -> None:
        self.not_before_s = now_s + self.backoff.failed(lived_s)


class Recorder:
    """The parent of all shards of this machine."""

    def __init__(self, config: CaptureConfig, clock: Clock) -> None:
        """Take the lock and start recovery. AlreadyRecording if another recorder holds the lock."""
        self._config, self._clock = config, clock
        self._lock: IO[str] | None = None
        self._watch = Watch(config.state)
        self._children: dict[str, _Child] = {}
        self._unkillable: dict[str, _Child] = {}
        self._recovery: subprocess.Popen[bytes] | None = None
        self._restarts: dict[str, _Restart] = {}
        self._plan: dict[str, set[StreamKey]] = {}
        self._apart: frozenset[StreamKey] = frozenset()
        self._refused: str | None = None
        self._attempt(self._begin)

    def run(self, halt: threading.Event) -> None:
        """Run until `halt`; then ask the shards to close their runs, and wait for them."""
        try:
            while not halt.is_set():
                self._attempt(self._beat)
                halt.wait(_POLL_S)
        finally:
            self._stop()

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do a step. If the volume refuses or a file has been damaged, log that once and try again at the next beat.

        Shards that run go on.
        """
        try:
            step()
            self._refused = None
        except OSError as error:
            self._log_once(f"{error.strerror}: {error.filename}")
        except (ValueError, TypeError, LookupError) as error:
            self._log_once(f"the state folder cannot be read: {error}")

    def _log_once(self, refused: str) -> None:
        if refused != self._refused:
            log.error("the recorder cannot go on: %s; it tries again until it can", refused)
        self._refused = refused

    def _begin(self) -> None:
        config = self._config
        for folder in (config.footage, config.spool, config.state, config.state / "nudges"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (config.state / "capture.lock").open("w")
        try:
            self._lock_out_others(lock)
            self._clear_snapshots()
            self._plan = self._plan_before()
            # It runs beside the shards: a camera waits only for its own last segment.
            self._recovery = self._spawn(RECOVERY)
        except BaseException:
            lock.close()
            raise
        self._lock = lock

    def _plan_before(self) -> dict[str, set[StreamKey]]:
        """The last assignment. If the file is damaged, streams are assigned anew: no shard runs yet."""
        try:
            return load_assignment(self._config.state)
        except (ValueError, TypeError) as error:
            log.error("%s cannot be read, and is made anew: %s", ASSIGNMENT_FILE, error)
            return {}

    def _lock_out_others(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRecording(f"another recorder is at work in {self._config.footage.parent}") from None

    def _beat(self) -> None:
        if self._lock is None:
            self._begin()
        self._reconcile()
        self._check_children()

    def _reconcile(self) -> None:
        wanted = [(w.camera_id, w.stream) for w in self._watch.poll().streams]
        plan = assign(wanted, self._plan, self._config.streams_per_shard, self._apart)
        path = self._config.state / ASSIGNMENT_FILE
        if plan != self._plan or not path.exists():
            rows = {name: sorted(keys) for name, keys in plan.items()}
            replace_file(path, json.dumps(rows).encode())
            self._plan = plan
        self._unkillable = {name: child for name, child in self._unkillable.items() if child.process.poll() is None}
        for name in plan:
            if name not in self._children and name not in self._unkillable and self._may_start(name):
                self._children[name] = self._start(name)
        for name in [name for name in self._children if name not in plan]:
            self._retire(name)

    def _may_start(self, name: str) -> bool:
        return name not in self._restarts or self._clock.monotonic() >= self._restarts[name].not_before_s

    def _start(self, name: str) -> _Child:
        return _Child(self._spawn(_SHARD, name), self._clock.monotonic())

    def _spawn(self, module: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a process that reads its configuration from standard input and ends when that is closed."""
        command = [sys.executable, "-P", "-m", module, *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env=LEAN | os.environ)
        assert process.stdin is not None
        try:
            process.stdin.write(self._config.to_json().encode() + b"\n")
            process.stdin.flush()
        except OSError:  # it has ended already
            process.kill()
            process.communicate()
            raise
        return process

    def _check_children(self) -> None:
        if self._recovery is not None and self._recovery.poll() is not None:
            self._end_recovery(self._recovery)
        for name, child in list(self._children.items()):
            if child.process.poll() is not None:
                log.error("shard %s ended with %s; starting it again", name, child.process.returncode)
            elif self._is_stuck(name, child):
                log.error("shard %s is stuck; killing it and starting it again", name)
                child.process.kill()
            else:
                continue
            now_s = self._clock.monotonic()
            self._restarts.setdefault(name, _Restart()).ended(now_s, now_s - child.started_s)
            self._end(name)
            self._reconcile()

    def _is_stuck(self, name: str, child: _Child) -> bool:
        if self._clock.monotonic() - child.started_s < self._config.watchdog_s:
            return False
        if not os.access(self._config.state, os.W_OK):  # the volume became read-only: no shard can write a heartbeat
            return False
        try:
            beat = json.loads((self._config.state / f"beat-{name}.json").read_bytes())
        except FileNotFoundError:
            return True
        except ValueError:  # on a full volume it is overwritten in place
            return False
        if len(beat["stuck"]) == 1:
            # It may block again. Give it a shard of its own, so that other cameras are not killed with it again.
            self._apart |= {(camera, stream) for camera, stream in beat["stuck"]}
        silent_s = self._clock.monotonic() - beat["at_s"]  # all processes share CLOCK_MONOTONIC
        return bool(beat["stuck"] or silent_s > self._config.watchdog_s)

    def _retire(self, name: str) -> None:
        self._children[name].process.terminate()
        self._end(name)
        self._restarts.pop(name, None)
        for kind in ("health", "beat"):
            (self._config.state / f"{kind}-{name}.json").unlink(missing_ok=True)

    def _stop(self) -> None:
        for child in self._children.values():
            child.process.terminate()
        if self._recovery is not None:
            self._recovery.terminate()  # like `kill -9`: a segment that it had not closed stays open
        for name in list(self._children):
            self._end(name)
        if self._recovery is not None:
            self._end_recovery(self._recovery)
        if self._lock is not None:
            self._attempt(self._clear_snapshots)
            self._lock.close()

    def _end_recovery(self, recovery: "subprocess.Popen[bytes]") -> None:
        self._recovery = None
        if self._wait_for_end(recovery) and recovery.returncode not in (0, -signal.SIGTERM):
            log.error("recovery ended with %s; the next start closes what is still open", recovery.returncode)

    def _end(self, name: str) -> None:
        """Wait until a child has ended; kill it if it does not end."""
        child = self._children.pop(name)
        if not self._wait_for_end(child.process):
            # It is inside the kernel, waiting for a disk that does not answer. The other shards must not wait for it.
            log.error("shard %s cannot be ended: its disk does not answer", name)
            self._unkillable[name] = child

    def _wait_for_end(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait for a process that was asked to end, and kill it if it does not. Returns whether it has ended."""
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_LIMIT_S)
        if process.stdin is not None:
            process.stdin.close()
        return process.returncode is not None

    def _clear_snapshots(self) -> None:
        for pattern in ("health-*.json", "beat-*.json"):
            for path in self._config.state.glob(pattern):
                path.unlink(missing_ok=True)


def main() -> None:
    """Entry of the process that `shike capture` becomes. Exit code 2 if another recorder holds the data folder."""
    config = CaptureConfig.from_json(became())
    try:
        recorder = Recorder(config, SystemClock())
    except AlreadyRecording as error:
        log.error("%s", error)
        sys.exit(2)
    recorder.run(halt_on_signal())


if __name__ == "__main__":
    main()
