"""A process full of camera threads.

A shard is told nothing but its name and where the data lies: it polls the assignment for its streams, starts and
stops threads accordingly, and writes their health and heartbeat once a second. It ends when its parent does.
Design: docs/design/capture.md, "Processes".
"""

import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import FrameType

from cryptography.fernet import InvalidToken

from shike.capture.archive.disk_waits import DiskWaits
from shike.capture.archive.files import Archive
from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.segment import EndReason, StreamKey
from shike.capture.archive.spool import Spool
from shike.capture.become import start_logging
from shike.capture.clock import Clock, SystemClock
from shike.capture.errors import CaptureError
from shike.capture.lifeline import end_with_parent
from shike.capture.recorder import health
from shike.capture.recorder.assignment import load_assignment
from shike.capture.recorder.camera import CameraThread, LiveRecording
from shike.capture.recorder.config import CaptureConfig
from shike.capture.recorder.desired import Wanted, Watch
from shike.capture.recorder.health import StreamHealth
from shike.capture.schedule import NEVER_US
from shike.capture.source.silence import SILENCE
from shike.capture.vault import Vault

log = logging.getLogger(__name__)

_POLL_S = 0.5
_STOP_LIMIT_S = 3.5
_LAST_PACKET_S = 1.0
_TRY_AGAIN_S = 2.0
# A thread that has waited for its disk for so long is said to.
_DISK_LATE_S = 3.0


class Shard:
    """Keeps one thread per assigned stream running."""

    def __init__(self, name: str, config: CaptureConfig, clock: Clock, halt: threading.Event) -> None:
        """OSError if the folders of the data cannot be used."""
        self._name, self._config, self._clock = name, config, clock
        self._watch = Watch(config.state)
        self._vault = Vault.at(config.keys)
        self._recording = LiveRecording(
            archive=Archive(config.footage, config.reserve_bytes),
            spool=Spool(config.spool),
            clock=clock,
            lengths=config.lengths,
            node=config.node,
            nudges=config.state / "nudges",
            timeout_s=config.camera_timeout_s,
        )
        self._threads: dict[StreamKey, CameraThread] = {}
        self._leaving: list[CameraThread] = []
        self._awaited: list[CameraThread] = []
        self._resting: dict[StreamKey, StreamHealth] = {}
        self._unrecorded = _unrecorded_before(config.state)
        self._refused: dict[str, str] = {}
        self._waits = DiskWaits()
        self._halt = halt

    def run(self) -> None:
        """Until `halt`. Then close every run; what does not close in time is recovered at the next start."""
        while not self._halt.is_set():
            # Recording does not end because nobody can be asked what is wanted, or be told of it.
            self._attempt("read", self._reconcile)
            self._attempt("written", self._report)
            self._halt.wait(_POLL_S)
        for thread in self._threads.values():
            thread.stop()
        for thread in [*self._threads.values(), *self._leaving]:
            thread.give_up()
        SILENCE.hurry(_LAST_PACKET_S)
        until = self._clock.monotonic() + _STOP_LIMIT_S
        for thread in [*self._threads.values(), *self._leaving]:
            thread.join(max(0.0, until - self._clock.monotonic()))

    def _attempt(self, what: str, step: Callable[[], None]) -> None:
        """Do a step. A state folder that refuses is said, once, and tried again at the next beat."""
        try:
            step()
            self._refused.pop(what, None)
        except (OSError, ValueError, TypeError, LookupError) as error:
            said = str(error.strerror if isinstance(error, OSError) else error)
            if self._refused.get(what) != said:
                log.error("the state folder cannot be %s: %s", what, said)
            self._refused[what] = said

    def _reconcile(self) -> None:
        mine = load_assignment(self._config.state).get(self._name, set())
        wanted = {(w.camera_id, w.stream): w for w in self._watch.poll().streams if (w.camera_id, w.stream) in mine}
        self._resting = self._rests(wanted)
        due = {key: each for key, each in wanted.items() if key not in self._resting}
        self._unrecorded = {key: since_us for key, since_us in self._unrecorded.items() if key in due}
        for thread in [thread for thread in self._leaving if not thread.is_alive()]:
            self._leaving.remove(thread)
            self._has_ended(thread)
        for key in [key for key, thread in self._threads.items() if not thread.is_alive()]:
            log.error("camera %s %s: its thread died; starting another", *key)
            self._has_ended(self._threads.pop(key))
        for key, thread in list(self._threads.items()):
            if key not in due or not thread.wanted.same_source(due[key]):
                thread.stop(_why_it_ends(thread.wanted, wanted.get(key), rests=key in self._resting))
                self._leaving.append(self._threads.pop(key))
        leaving = {(t.wanted.camera_id, t.wanted.stream): t for t in self._leaving}
        self._awaited = [thread for key, thread in leaving.items() if key in due]
        for key, each in due.items():
            # The old thread of a stream must have closed its run before a new one may write.
            if key not in self._threads and key not in leaving:
                self._start(key, each)

    def _rests(self, wanted: dict[StreamKey, Wanted]) -> dict[StreamKey, StreamHealth]:
        """The streams that rest now, off schedule or for want of space, and what is said of them: none is connected."""
        now_us = self._clock.now()
        found: dict[StreamKey, StreamHealth] = {}
        for key, each in wanted.items():
            pause = each.rest_at(now_us)
            if pause is None and each.rest is None:
                continue
            before, cause = self._resting.get(key), each.rest or "off_schedule"
            began_us = now_us
            if before is not None and before.cause == cause:
                began_us = before.since_us
            elif before is None and key not in self._threads:
                self._close_left_over(key)
                if pause is not None and not each.rest:
                    began_us = pause[0] or now_us  # the end of the last window, which no thread of this shard saw
            next_us = None if pause is None or each.rest or pause[1] == NEVER_US else pause[1]
            found[key] = StreamHealth(*key, "resting", began_us, cause, next_try_us=next_us)
        return found

    def _close_left_over(self, key: StreamKey) -> None:
        """Close what the shard before this one left of a stream: its next thread, which also does so, is far away."""
        archive, spool = self._recording.archive, self._recording.spool
        try:
            record = archive.recover(*key, "killed")
            if record is not None:
                hand_over(archive, spool, record)
        except (CaptureError, OSError) as error:
            log.error("camera %s %s: its last segment stays open until it records again: %s", *key, error)

    def _start(self, key: StreamKey, wanted: Wanted) -> None:
        try:
            password = self._vault.open(wanted.sealed_password.encode() or None)
        except InvalidToken:
            log.error("camera %s: its password was sealed under another key; enter it again", wanted.camera_id)
            return
        random, since_us = Random(), self._unrecorded.pop(key, None)  # noqa: S311 jitter
        thread = CameraThread(wanted, wanted.address(password), self._recording, random, since_us)
        self._threads[key] = thread
        thread.start()

    def _has_ended(self, thread: CameraThread) -> None:
        """The next thread of the stream shall say since when it is not recorded, not when that thread began."""
        self._unrecorded[thread.wanted.camera_id, thread.wanted.stream] = thread.health.unrecorded_since_us

    def _report(self) -> None:
        threads, now_s = list(self._threads.values()), self._clock.monotonic()
        told = [*threads, *self._awaited]
        self._waits.look({thread: thread.beat_s for thread in told}, now_s)
        health.write(self._config.state, self._name, [*map(self._health_of, told), *self._resting.values()])
        silent_s = {thread: now_s - self._waits.alive_s(thread, thread.beat_s) for thread in threads}
        stuck = [thread for thread, for_s in silent_s.items() if for_s > self._config.watchdog_s]
        beat = {
            "pid": os.getpid(),
            "at_s": now_s,
            "stuck_s": max(silent_s.values(), default=0.0),
            "stuck": [(thread.wanted.camera_id, thread.wanted.stream) for thread in stuck],
        }
        health.replace_snapshot(self._config.state / f"beat-{self._name}.json", json.dumps(beat))

    def _health_of(self, thread: CameraThread) -> StreamHealth:
        """What a thread says of itself; one that has waited for its disk for long does not come to say so."""
        waits_s = self._waits.waits_s(thread, self._clock.monotonic())
        if waits_s < _DISK_LATE_S:
            return thread.health
        since_us = self._clock.now() - round(waits_s * 1_000_000)
        if thread.health.state != "recording":
            since_us = min(since_us, thread.health.since_us)
        return replace(thread.health, state="backing_off", cause="disk_failed", since_us=since_us, next_try_us=None)


def _why_it_ends(before: Wanted, now: Wanted | None, *, rests: bool) -> EndReason:
    """What the run of a thread ends as that cannot go on: `now` is what is wanted of its stream, None for nothing."""
    if now is None:
        return "stopped"
    if rests:
        return now.rest or "off_schedule"
    # Another epoch is another recorder's doing.
    return "settings_changed" if now.epoch == before.epoch else "stopped"


def _unrecorded_before(state: Path) -> dict[StreamKey, int]:
    """Since when streams were not recorded as the shard before this one ended, by what it said last."""
    try:
        said = health.read(state)
        return {key: each.unrecorded_since_us for key, each in said.items() if each.state != "resting"}
    except (OSError, ValueError, TypeError, LookupError):  # somebody spoilt it: it counts from now
        return {}


def main() -> None:
    """Entry of a shard process: its name is the argument, its configuration the first line of standard input."""
    config = CaptureConfig.from_json(sys.stdin.readline())
    start_logging(config.log_level)
    # Thousands of small objects a second, none in a cycle: looking for cycles at the usual pace is in vain.
    gc.set_threshold(50_000, 20, 20)
    halt = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        halt.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(halt.set)
    while not halt.is_set():
        try:
            shard = Shard(sys.argv[1], config, SystemClock(), halt)
        except OSError as error:
            log.error("shard %s cannot begin: %s; it is tried again", sys.argv[1], error)
            halt.wait(_TRY_AGAIN_S)
        else:
            shard.run()
    logging.shutdown()
    os._exit(0)  # a thread may still be blocked inside FFmpeg


if __name__ == "__main__":
    main()
