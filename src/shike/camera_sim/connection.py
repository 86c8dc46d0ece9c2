"""One client's connection: answers its requests and, while it plays, sends it frames when they are due."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping

from shike.camera_sim.digest import Gate
from shike.camera_sim.framelog import FrameLog
from shike.camera_sim.message import MessageError, Request, read_request, response
from shike.camera_sim.mounted import Mounted
from shike.camera_sim.rtp import RtpSource
from shike.camera_sim.sdp import TRACK, describe

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_SESSION_TIMEOUT_S = 60
_MAX_UNSENT_BYTES = 8 << 20  # a client that reads this little is cut off, as a camera with little memory does it


def now_us() -> int:
    """UTC microseconds of this machine's clock."""
    return time.time_ns() // 1000


class Connection:
    """Serves one TCP connection until it ends. At most one stream, which is all that a camera's path has."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mounted: Mapping[str, Mounted],
        gate: Gate,
        log: FrameLog,
        report_every_s: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._mounted = mounted
        self._gate = gate
        self._log = log
        self._report_every_us = int(report_every_s * 1e6)
        self._session = ""
        self._source: RtpSource | None = None
        self._playing: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer requests until the client leaves, says TEARDOWN or talks nonsense."""
        try:
            while not self._writer.is_closing():
                request = await read_request(self._reader)
                self._writer.write(self._answer(request))
                await self._writer.drain()
        except (asyncio.IncompleteReadError, MessageError, ConnectionError):
            pass  # the client is gone, or is no RTSP client
        finally:
            await self._stop_playing()
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _answer(self, request: Request) -> bytes:
        if request.method == "OPTIONS":
            return response(request, 200, {"Public": _METHODS})
        if not self._gate.admits(request.method, request.headers.get("authorization")):
            return response(request, 401, {"WWW-Authenticate": self._gate.challenge})
        mounted = self._mounted.get(request.path.removesuffix(f"/{TRACK}"))
        if mounted is None:
            return response(request, 404)
        match request.method:
            case "DESCRIBE":
                headers = {"Content-Type": "application/sdp", "Content-Base": request.uri.rstrip("/") + "/"}
                return response(request, 200, headers, describe(mounted.clip))
            case "SETUP":
                return self._setup(request)
            case "PLAY" | "GET_PARAMETER" | "TEARDOWN":
                return self._in_session(request, mounted)
        return response(request, 405, {"Allow": _METHODS})

    def _setup(self, request: Request) -> bytes:
        if self._playing:
            return response(request, 455)
        offers = request.headers.get("transport", "").split(",")
        offer = next((offer.strip() for offer in offers if "RTP/AVP/TCP" in offer), None)
        if offer is None:
            return response(request, 461)
        fields = dict(item.partition("=")[::2] for item in offer.split(";"))
        channel = fields.get("interleaved", "0-1").split("-")[0]
        if not channel.isdigit() or int(channel) > 254:
            return response(request, 400)
        self._session = self._session or secrets.token_hex(8)
        self._source = RtpSource(secrets.randbits(32), secrets.randbits(16), secrets.randbits(32), int(channel))
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{int(channel) + 1};ssrc={self._source.ssrc:08X}"
        session = f"{self._session};timeout={_SESSION_TIMEOUT_S}"
        return response(request, 200, {"Transport": transport, "Session": session})

    def _in_session(self, request: Request, mounted: Mounted) -> bytes:
        if request.method == "GET_PARAMETER" and "session" not in request.headers:
            return response(request, 200)
        if request.headers.get("session", "").split(";")[0] != self._session or not self._source:
            return response(request, 454)
        session = {"Session": self._session}
        if request.method == "GET_PARAMETER":
            return response(request, 200, session)
        if request.method == "TEARDOWN":
            if self._playing:
                self._playing.cancel()
            self._session = ""
            return response(request, 200)
        if self._playing:
            return response(request, 200, session)
        slot = mounted.next_slot(now_us())
        first_time = self._source.media_time(slot * mounted.clip.gop_us)
        track = f"{request.uri.rstrip('/')}/{TRACK}"
        info = f"url={track};seq={self._source.sequence};rtptime={first_time}"
        self._playing = asyncio.create_task(self._play(mounted, self._source, slot))
        return response(request, 200, session | {"RTP-Info": info, "Range": "npt=now-"})

    async def _play(self, mounted: Mounted, source: RtpSource, slot: int) -> None:
        """Send slot after slot, each frame at its own moment of the wall clock, so that nothing adds up to drift."""
        report_due_us = 0
        while not self._writer.is_closing():
            if abs(slot * mounted.clip.gop_us - now_us()) > 2 * mounted.clip.gop_us:
                slot = mounted.next_slot(now_us())  # the clock was set, or this machine slept
            for due_us, frame in mounted.frames(slot):
                if now_us() >= report_due_us:
                    self._writer.write(source.sender_report(now_us()))
                    report_due_us = now_us() + self._report_every_us
                await asyncio.sleep(max(0, due_us - now_us()) / 1e6)
                if mounted.silent or self._overrun():
                    continue
                self._writer.write(source.frame(frame.packets, due_us))
                clip = mounted.clip
                self._log.sent(mounted.path, clip.view, frame.index, now_us(), source.media_time(due_us), frame.is_key)
            slot += 1

    def _overrun(self) -> bool:
        if self._writer.transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            self._writer.transport.abort()
        return self._writer.is_closing()

    async def _stop_playing(self) -> None:
        if self._playing:
            self._playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._playing
