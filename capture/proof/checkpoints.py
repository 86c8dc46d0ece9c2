"""Signs the chains of all cameras at intervals: a checkpoint each, and less often a time stamp on a checkpoint.

Needs neither the database nor the recorder, and neither waits for it. A failure is logged and tried again. Not here:
the content of a checkpoint (signing), the request to an authority (timestamps). Design: docs/design/integrity.md.
"""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event

from shike.capture.archive.chain import Chain, Link
from shike.capture.archive.files import Archive
from shike.capture.clock import Clock
from shike.capture.errors import CaptureError, TimestampError
from shike.capture.proof.signing import Signer, checkpoint

log = logging.getLogger(__name__)

_BEAT_S = 5.0
_PAUSE_AFTER_REFUSAL_S = 300.0
# How many rows back the last time stamp is searched: more than a day of a camera with two streams.
_STAMP_WITHIN_ROWS = 5_000

Ask = Callable[[str, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of checkpoints and time stamps, in seconds. With an empty `timestamp_url` there are no time stamps."""

    checkpoint_s: float = 300.0
    timestamp_url: str = ""
    timestamp_s: float = 3600.0


@dataclass(slots=True)
class _State:
    """State of a chain. `mark`: its mark when all rows were signed. `signed_s`: steady clock. `stamped_us`: µs UTC."""

    mark: tuple[str, int] = ("", 0)
    signed_s: float = float("-inf")
    stamped_us: int | None = None


class Checkpoints:
    """Signs the chains of all cameras of a footage folder."""

    def __init__(
        self, archive: Archive, keys_folder: Path, intervals: Intervals, clock: Clock, ask: Ask | None = None
    ) -> None:
        """`ask`: requests a time stamp over some bytes from an authority's address; default: timestamps.ask."""
        self._archive, self._keys, self._intervals, self._clock = archive, keys_folder, intervals, clock
        self._ask = ask
        self._states: dict[str, _State] = {}
        self._failing: set[str] = set()
        self._not_before_s = float("-inf")

    def run(self, halt: Event) -> None:
        """Sign until `halt` is set, then once more: the recorder may have added its last rows meanwhile."""
        while not halt.is_set():
            self.beat()
            halt.wait(_BEAT_S)
        self.beat(last=True)

    def beat(self, *, last: bool = False) -> int:
        """Sign the chains that are due; returns how many. `last`: sign all that have grown, without time stamps."""
        try:
            signer = Signer.at(self._keys)
            cameras = self._archive.cameras()
        # Whatever the keys folder contains, the thread continues and tries again.
        except (CaptureError, OSError, ValueError, TypeError) as error:
            self._report("", error)
            return 0
        self._failing.discard("")
        return sum(self._camera(camera_id, signer, last) for camera_id in cameras)

    def _camera(self, camera_id: str, signer: Signer, last: bool) -> bool:
        try:
            made = self._sign(camera_id, signer, last)
        except (CaptureError, OSError) as error:
            self._report(camera_id, error)
            return False
        except Exception:  # whatever a damaged chain causes, the other cameras are signed
            log.exception("the chain of camera %s is not signed; it is tried again", camera_id)
            return False
        if camera_id in self._failing:
            self._failing.discard(camera_id)
            log.info("the chain of camera %s is signed again", camera_id)
        return made

    def _sign(self, camera_id: str, signer: Signer, last: bool) -> bool:
        chain, state = self._archive.chain(camera_id), self._states.setdefault(camera_id, _State())
        mark = chain.mark()
        if mark == state.mark or mark == ("", 0):
            return False
        now_s = self._clock.monotonic()
        if not last and now_s - state.signed_s < self._intervals.checkpoint_s and not _ends_run(chain.head()):
            return False
        before = chain.place()[0]
        link = checkpoint(chain, camera_id, signer, self._clock)
        state.signed_s = now_s
        if link.number < before:
            state.mark = mark  # nothing to sign
            return False
        mark = chain.mark()
        if chain.place()[1] == link.digest:
            state.mark = mark
            if not last:
                self._stamp(chain, link, state)
        return True

    def _stamp(self, chain: Chain, link: Link, state: _State) -> None:
        intervals = self._intervals
        if not intervals.timestamp_url or self._clock.monotonic() < self._not_before_s:
            return
        if state.stamped_us is None:
            state.stamped_us = _last_stamp(chain)
        at_us = self._clock.now()
        if at_us - state.stamped_us < intervals.timestamp_s * 1_000_000:
            return
        # Imported here: an HTTP client and a certificate parser, which most installations never need.
        from shike.capture.proof import timestamps

        try:
            token = (self._ask or timestamps.ask)(intervals.timestamp_url, link.line)
        except TimestampError as error:
            self._not_before_s = self._clock.monotonic() + _PAUSE_AFTER_REFUSAL_S
            log.warning("no time stamp: %s; checkpoints go on without, and it is asked again in five minutes", error)
            return
        fields = {
            "checkpoint": link.number,
            "authority": timestamps.authority(intervals.timestamp_url),
            "algorithm": timestamps.ALGORITHM,
            "token": base64.b64encode(token).decode(),
            "at_us": at_us,
        }
        chain.append("timestamp", fields)
        state.stamped_us = at_us

    def _report(self, camera_id: str, error: Exception) -> None:
        if camera_id in self._failing:
            return
        self._failing.add(camera_id)
        what = f"the chain of camera {camera_id} is" if camera_id else "chains are"
        hint = error.hint if isinstance(error, CaptureError) else ""
        unexpected = not isinstance(error, CaptureError | OSError)
        log.error("%s not signed; it is tried again: %s. %s", what, error, hint, exc_info=error if unexpected else None)


def _ends_run(head: Link | None) -> bool:
    return head is not None and head.kind == "segment" and head.fields.get("ends_run") is not None


def _last_stamp(chain: Chain) -> int:
    """When the last time stamp was received (µs UTC); 0 if none of the last rows is one."""
    recent = islice(chain.backwards(), _STAMP_WITHIN_ROWS)
    return next((int(link.fields["at_us"]) for link in recent if link.kind == "timestamp"), 0)
