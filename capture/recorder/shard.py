"""A shard: a process with one camera thread per stream.

A shard receives only its name and its configuration. It reads the assignment for its streams, starts and stops threads
accordingly, and writes their health and its heartbeat, all twice a second. It ends when its parent ends. Not here:
starting shards (supervisor.py), recording a stream (camera.py). Design: docs/design/capture.md, "Processes".
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
from shike.capture.archive.hand_over import recover_and_hand_over
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
# Report a thread that has waited for its disk for this many seconds.
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
        """Run until `halt`, then close every run. The next start recovers what is not closed in time."""
        while not self._halt.is_set():
            # Recording goes on if the state folder can be neither read nor written.
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
        """Do a step. If the state folder refuses, log that once and try again at the next beat."""
        try:
            step()
            self._refused.pop(what, None)
        except (OSError, ValueError, TypeError, LookupError) as error:
            text = str(error.strerror if isinstance(error, OSError) else error)
            if self._refused.get(what) != text:
                log.error("the state folder cannot be %s: %s", what, text)
            self._refused[what] = text

    def _reconcile(self) -> None:
        mine = load_assignment(self._config.state).get(self._name, set())
        wanted = {(w.camera_id, w.stream): w for w in self._watch.poll().streams if (w.camera_id, w.stream) in mine}
        self._resting = self._rests(wanted)
        due = {key: each for key, each in wanted.items() if key not in self._resting}
        self._unrecorded = {key: since_us for key, since_us in self._unrecorded.items() if key in due}
        for thread in [thread for thread in self._leaving if not thread.is_alive()]:
            self._leaving.remove(thread)
            self._note_end(thread)
        for key in [key for key, thread in self._threads.items() if not thread.is_alive()]:
            log.error("camera %s %s: its thread died; starting another", *key)
            self._note_end(self._threads.pop(key))
        for key, thread in list(self._threads.items()):
            if key not in due or not thread.wanted.same_source(due[key]):
                thread.stop(_reason_to_stop(thread.wanted, wanted.get(key), rests=key in self._resting))
                self._leaving.append(self._threads.pop(key))
        leaving = {(t.wanted.camera_id, t.wanted.stream): t for t in self._leaving}
        self._awaited = [thread for key, thread in leaving.items() if key in due]
        for key, each in due.items():
            # The old thread of a stream must have closed its run before a new one may write.
            if key not in self._threads and key not in leaving:
                self._start(key, each)

    def _rests(self, wanted: dict[StreamKey, Wanted]) -> dict[StreamKey, StreamHealth]:
        """Health of the streams that rest now, because they are off schedule or space is short. None is connected."""
        now_us = self._clock.now()
        rests: dict[StreamKey, StreamHealth] = {}
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
                    began_us = pause[0] or now_us  # the end of the last window; no thread of this shard recorded it
            next_us = None if pause is None or each.rest or pause[1] == NEVER_US else pause[1]
            rests[key] = StreamHealth(*key, "resting", began_us, cause, next_try_us=next_us)
        return rests

    def _close_left_over(self, key: StreamKey) -> None:
        """Close what the last shard left open of a stream that rests: its next thread may start only days later."""
        archive, spool = self._recording.archive, self._recording.spool
        try:
            recover_and_hand_over(archive, spool, *key, "killed")
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

    def _note_end(self, thread: CameraThread) -> None:
        """Remember since when the stream is not recorded, for the health of its next thread."""
        self._unrecorded[thread.wanted.camera_id, thread.wanted.stream] = thread.health.unrecorded_since_us

    def _report(self) -> None:
        threads, now_s = list(self._threads.values()), self._clock.monotonic()
        reported = [*threads, *self._awaited]
        self._waits.look({thread: thread.beat_s for thread in reported}, now_s)
        health.write(self._config.state, self._name, [*map(self._health_of, reported), *self._resting.values()])
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
        """The health of a thread. A thread that waits for its disk cannot report that itself, so the shard does."""
        waits_s = self._waits.waits_s(thread, self._clock.monotonic())
        if waits_s < _DISK_LATE_S:
            return thread.health
        since_us = self._clock.now() - round(waits_s * 1_000_000)
        if thread.health.state != "recording":
            since_us = min(since_us, thread.health.since_us)
        return replace(thread.health, state="backing_off", cause="disk_failed", since_us=since_us, next_try_us=None)


def _reason_to_stop(before: Wanted, now: Wanted | None, *, rests: bool) -> EndReason:
    """The end reason of a run that cannot continue. `now`: its stream's desired state, None if not wanted."""
    if now is None:
        return "stopped"
    if rests:
        return now.rest or "off_schedule"
    # A new epoch means that another recorder takes the stream over.
    return "settings_changed" if now.epoch == before.epoch else "stopped"


def _unrecorded_before(state: Path) -> dict[StreamKey, int]:
    """Since when each stream has not been recorded, by the last health of the shard before this one."""
    try:
        before = health.read(state)
        return {key: each.unrecorded_since_us for key, each in before.items() if each.state != "resting"}
    except (OSError, ValueError, TypeError, LookupError):  # the file has been damaged: count from now
        return {}


def main() -> None:
    """Entry of a shard process. Its name is the argument, its configuration the first line of standard input."""
    config = CaptureConfig.from_json(sys.stdin.readline())
    start_logging(config.log_level)
    # Recording makes thousands of small objects a second, none in a cycle. Look for cycles less often than usual.
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
