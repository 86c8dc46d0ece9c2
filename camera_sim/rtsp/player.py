"""Sending after PLAY: pictures and audio, each at its due time of the wall clock, with the path's faults."""

import asyncio
import random
from dataclasses import dataclass

from shike.camera_sim.faults import now_us
from shike.camera_sim.framelog import FrameLog
from shike.camera_sim.media.clip import Clip, ClipFrame
from shike.camera_sim.mounted import Mounted
from shike.camera_sim.rtp.packets import RtpSource
from shike.camera_sim.rtsp.wire import Wire

_MAX_UNSENT_BYTES = 8 << 20  # a client that leaves more unread is cut off, as by a camera with little memory
_TRICKLE_STEP_S = 0.1


@dataclass(frozen=True)
class SentTrack:
    """One track of a session: its RTP numbers and its transport."""

    source: RtpSource
    wire: Wire


class Player:
    """Sends one path to one client until it is cancelled or the connection is closed."""

    def __init__(self, mounted: Mounted, writer: asyncio.StreamWriter, log: FrameLog, report_every_us: int) -> None:
        self._mounted, self._writer, self._log = mounted, writer, log
        self._report_every_us = report_every_us
        self._showing = mounted.showing
        now = now_us()
        self._slot = self._showing.next_slot(now)
        # With `at_once` a group begins now: all slots are this much earlier.
        self._ahead_us = self._slot * self._showing.clip.gop_us - now if mounted.faults.at_once else 0

    @property
    def starts_us(self) -> int:
        """When the first picture is due (µs UTC)."""
        return self._slot * self._showing.clip.gop_us - self._ahead_us

    async def pictures(self, track: SentTrack) -> None:
        """Send slot after slot, each frame at its own due time, so that delays do not add up."""
        report_due_us = 0
        while not self._writer.is_closing():
            self._keep_up()
            for due_us, frame in self._showing.frames(self._slot):
                due = due_us - self._ahead_us
                report_due_us = self._report(track, report_due_us)
                await asyncio.sleep(max(0, due - now_us()) / 1e6)
                if self._gone():
                    return
                if not self._mounted.faults.silent:
                    await self._picture(track, frame, due)
            self._slot += 1

    async def sound(self, track: SentTrack) -> None:
        """Send each audio packet at its due time."""
        sound = self._mounted.sound
        assert sound is not None
        report_due_us = 0
        number = sound.next_number(self.starts_us)
        while not self._writer.is_closing():
            due = sound.begins_us(number)
            report_due_us = self._report(track, report_due_us)
            await asyncio.sleep(max(0, due - now_us()) / 1e6)
            faults = self._mounted.faults
            if not (faults.silent or faults.mute or self._gone()):
                packet = sound.packet(number)
                track.wire.media(track.source.frame(packet, faults.camera_us(due)), packet.offsets)
            number = max(number + 1, sound.next_number(now_us() - 1_000_000))

    def _keep_up(self) -> None:
        """Go on at the present time after a clock step, a suspend of this machine, or a change of the clip."""
        now, length = now_us() + self._ahead_us, self._showing.clip.gop_us
        changed = self._mounted.showing is not self._showing
        if changed or abs(self._slot * length - now) > 2 * length:
            self._showing = self._mounted.showing
            self._slot = self._showing.next_slot(now)

    def _report(self, track: SentTrack, due_us: int) -> int:
        """Send a sender report if one is due; returns when the next is due."""
        now = now_us()
        if now < due_us or self._mounted.faults.silent or self._writer.is_closing():
            return due_us
        track.wire.control(track.source.sender_report(now, self._mounted.faults.camera_us(now)))
        return now + self._report_every_us

    async def _picture(self, track: SentTrack, frame: ClipFrame, due_us: int) -> None:
        faults, clip = self._mounted.faults, self._showing.clip
        rate = faults.trickle_bytes_s
        if rate is not None and now_us() - due_us > clip.gop_us // clip.gop_frames:
            return
        carried_us = faults.picture_us(due_us - frame.earlier_us)
        data = track.source.frame(frame.packets, carried_us)
        if noise := faults.taken_garbage():
            self._writer.write(random.Random(noise).randbytes(noise))  # noqa: S311 - repeatable noise
        if faults.taken_cut():
            self._writer.write(data[: len(data) // 2])
            self._writer.close()
            return
        if rate is None:
            track.wire.media(data, frame.packets.offsets)
        else:
            await self._slowly(data)
        self._note(clip, frame, track.source.media_time(carried_us))

    async def _slowly(self, data: bytes) -> None:
        """Send at the rate of the slow line; send the remainder at once when the fault ends."""
        while data and (rate := self._mounted.faults.trickle_bytes_s) is not None:
            step = max(1, int(rate * _TRICKLE_STEP_S))
            self._writer.write(data[:step])
            data = data[step:]
            await asyncio.sleep(_TRICKLE_STEP_S)
        self._writer.write(data)

    def _note(self, clip: Clip, frame: ClipFrame, rtp: int) -> None:
        self._log.sent(self._mounted.path, clip.view, frame.index, now_us(), rtp, frame.is_key)

    def _gone(self) -> bool:
        if self._mounted.faults.down or self._writer.transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            self._writer.transport.abort()
        return self._writer.is_closing()
