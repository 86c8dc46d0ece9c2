"""`shike capture`: spreads the wanted streams over shards and watches over them.

One recorder per data folder (a lock says so). A shard that stops beating, or in which a thread has been stuck
inside a call for longer than the watchdog allows, is killed and started again; only its own cameras notice.
"""

import fcntl
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from shike.capture.archive import Archive
from shike.capture.clock import Clock
from shike.capture.desired import Watch
from shike.capture.errors import StillWritten
from shike.capture.segment import Origin
from shike.capture.segment_file import replace_file
from shike.capture.segmenter import hand_over
from shike.capture.shard import ASSIGNMENT_FILE, CaptureConfig, StreamKey, load_assignment
from shike.capture.spool import Spool

log = logging.getLogger(__name__)

_POLL_S = 0.5
_STOP_LIMIT_S = 6.0
# A shard that lived so long is started again at once; one that does not, after a pause that doubles each time.
_HEALTHY_S = 60.0
_LONGEST_PAUSE_S = 60.0
# The C library would give every thread a heap of its own, each as large as the most that one ever needed.
_SHARD_MEMORY = {"MALLOC_ARENA_MAX": "2"}


class AlreadyRecording(Exception):
    """Another recorder holds this data folder."""


@dataclass(slots=True)
class _Child:
    process: "subprocess.Popen[bytes]"
    started_s: float


@dataclass(slots=True)
class _Falls:
    """How often in a row a shard has ended soon after its start, and when it may be started again."""

    in_a_row: int = 0
    not_before_s: float = 0.0

    def fell(self, now_s: float, lived_s: float) -> None:
        self.in_a_row = 1 if lived_s >= _HEALTHY_S else self.in_a_row + 1
        pause_s = 0.0 if self.in_a_row == 1 else min(_LONGEST_PAUSE_S, 2.0 ** min(self.in_a_row - 2, 10))
        self.not_before_s = now_s + pause_s


def assign(
    wanted: list[StreamKey],
    before: dict[str, set[StreamKey]],
    streams_per_shard: int,
    apart: frozenset[StreamKey] = frozenset(),
) -> dict[str, set[StreamKey]]:
    """Streams to shards: nothing that runs is moved; new streams fill the emptiest shard that has room.

    A stream in `apart` has a shard to itself.
    """
    still = set(wanted)
    plan = {name: keys & still for name, keys in before.items()}
    for name, keys in plan.items():
        if len(keys) > 1:
            plan[name] = keys - apart
    placed = set().union(*plan.values()) if plan else set()
    for key in wanted:
        if key in placed:
            continue
        taken = [name for name, keys in plan.items() if len(keys) < streams_per_shard and not keys & apart]
        open_shards = [] if key in apart else taken
        name = min(open_shards, key=lambda shard: len(plan[shard]), default="")
        if not name:
            name = next(f"s{i}" for i in range(len(plan) + 1) if f"s{i}" not in plan)
            plan[name] = set()
        plan[name].add(key)
    return {name: keys for name, keys in plan.items() if keys}


class Recorder:
    """The parent of all shards of this machine."""

    def __init__(self, config: CaptureConfig, clock: Clock) -> None:
        """Take the lock and begin to close what dead writers left. AlreadyRecording if another recorder is at work."""
        self._config, self._clock = config, clock
        self._lock: IO[str] | None = None
        self._watch = Watch(config.state)
        self._children: dict[str, _Child] = {}
        self._hanging: dict[str, _Child] = {}
        self._falls: dict[str, _Falls] = {}
        self._plan: dict[str, set[StreamKey]] = {}
        self._apart: frozenset[StreamKey] = frozenset()
        self._refused: str | None = None
        self._attempt(self._begin)

    def run(self, halt: threading.Event) -> None:
        """Until `halt`; then ask the shards to close their runs, and wait for them."""
        try:
            while not halt.is_set():
                self._attempt(self._beat)
                halt.wait(_POLL_S)
        finally:
            self._stop()

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do a step. A volume that refuses is said, once, and tried again at the next beat."""
        try:
            step()
            self._refused = None
        except OSError as error:
            said = f"{error.strerror}: {error.filename}"
            if said != self._refused:
                log.error("the recorder cannot go on: %s; it tries again until it can", said)
            self._refused = said

    def _begin(self) -> None:
        config = self._config
        for folder in (config.footage, config.state, config.state / "nudges"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (config.state / "capture.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._clear_snapshots()
        except BlockingIOError:
            lock.close()
            raise AlreadyRecording(f"another recorder is at work in {config.footage.parent}") from None
        except OSError:
            lock.close()
            raise
        self._plan = load_assignment(config.state)
        try:
            archive, spool = Archive(config.footage), Spool(config.spool)
        except OSError:
            lock.close()
            raise
        # Beside everything else: it reads all that was open, and a camera need only wait for its own.
        threading.Thread(target=_recover, args=(archive, spool), name="recovery", daemon=True).start()
        self._lock = lock

    def _beat(self) -> None:
        if self._lock is None:
            self._begin()
        self._reconcile()
        self._look_after()

    def _reconcile(self) -> None:
        wanted = [(w.camera_id, w.stream) for w in self._watch.poll().streams]
        plan = assign(wanted, self._plan, self._config.streams_per_shard, self._apart)
        path = self._config.state / ASSIGNMENT_FILE
        if plan != self._plan or not path.exists():
            rows = {name: sorted(keys) for name, keys in plan.items()}
            replace_file(path, json.dumps(rows).encode())
            self._plan = plan
        self._hanging = {name: child for name, child in self._hanging.items() if child.process.poll() is None}
        for name in plan:
            if name not in self._children and name not in self._hanging and self._may_start(name):
                self._children[name] = self._start(name)
        for name in [name for name in self._children if name not in plan]:
            self._retire(name)

    def _may_start(self, name: str) -> bool:
        return name not in self._falls or self._clock.monotonic() >= self._falls[name].not_before_s

    def _start(self, name: str) -> _Child:
        command = [sys.executable, "-m", "shike.capture.shard", name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env=_SHARD_MEMORY | os.environ)
        assert process.stdin is not None
        process.stdin.write(self._config.to_json().encode() + b"\n")
        process.stdin.flush()
        return _Child(process, self._clock.monotonic())

    def _look_after(self) -> None:
        for name, child in list(self._children.items()):
            if child.process.poll() is not None:
                log.error("shard %s ended with %s; starting it again", name, child.process.returncode)
            elif self._is_stuck(name, child):
                log.error("shard %s is stuck; killing it and starting it again", name)
                child.process.kill()
            else:
                continue
            now_s = self._clock.monotonic()
            self._falls.setdefault(name, _Falls()).fell(now_s, now_s - child.started_s)
            self._end(name)
            self._reconcile()

    def _is_stuck(self, name: str, child: _Child) -> bool:
        if self._clock.monotonic() - child.started_s < self._config.watchdog_s:
            return False
        if not os.access(self._config.state, os.W_OK):  # a volume that became read-only: silence says nothing
            return False
        try:
            beat = json.loads((self._config.state / f"beat-{name}.json").read_bytes())
        except FileNotFoundError:
            return True
        except ValueError:  # on a full volume it is written over in place
            return False
        if len(beat["stuck"]) == 1:
            # What blocks once blocks again: the others of its shard shall not be killed with it a second time.
            self._apart |= {(camera, stream) for camera, stream in beat["stuck"]}
        silent_s = self._clock.monotonic() - beat["at_s"]  # CLOCK_MONOTONIC is one for all processes
        return bool(beat["stuck"] or silent_s > self._config.watchdog_s)

    def _retire(self, name: str) -> None:
        self._children[name].process.terminate()
        self._end(name)
        self._falls.pop(name, None)
        for kind in ("health", "beat"):
            (self._config.state / f"{kind}-{name}.json").unlink(missing_ok=True)

    def _stop(self) -> None:
        for child in self._children.values():
            child.process.terminate()
        for name in list(self._children):
            self._end(name)
        if self._lock is not None:
            self._attempt(self._clear_snapshots)
            self._lock.close()

    def _end(self, name: str) -> None:
        """Wait until a child has ended, and end it if it does not."""
        child = self._children.pop(name)
        try:
            child.process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            child.process.kill()
            try:
                child.process.wait(_STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                # Inside the kernel, waiting for a disk that does not answer. The other shards must not wait with it.
                log.error("shard %s cannot be ended: its disk does not answer", name)
                self._hanging[name] = child
        if child.process.stdin is not None:
            child.process.stdin.close()

    def _clear_snapshots(self) -> None:
        for pattern in ("health-*.json", "beat-*.json"):
            for path in self._config.state.glob(pattern):
                path.unlink(missing_ok=True)


def _recover(archive: Archive, spool: Spool) -> None:
    try:
        recover_all(archive, spool)
    except OSError as error:
        log.error("what was left open cannot be looked for: %s; the next start tries again", error)


def recover_all(archive: Archive, spool: Spool) -> int:
    """Close every segment that a dead writer left; returns how many. What cannot be closed now is logged and stays."""
    closed = 0
    origins: tuple[Origin, ...] = ("live", "imported")
    for origin in origins:
        for camera_id, stream in list(archive.unfinished(origin)):
            try:
                record = archive.recover(camera_id, stream, "killed", origin)
                if record is not None:
                    hand_over(archive, spool, record)
                    closed += 1
            except StillWritten:  # an import at work, the last shards of the recorder before, or its own thread by now
                continue
            except Exception:  # one stream that cannot be closed must not keep the others open
                log.exception("camera %s %s: its last segment cannot be closed", camera_id, stream)
    return closed
