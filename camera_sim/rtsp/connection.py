"""One client's connection: it answers requests and, after PLAY, runs a player that sends."""

import asyncio
import contextlib
import secrets
from collections.abc import Mapping

from shike.camera_sim.framelog import FrameLog
from shike.camera_sim.mounted import Mounted
from shike.camera_sim.rtp.packets import CLOCK_HZ, RtpSource
from shike.camera_sim.rtsp.digest import DigestGate
from shike.camera_sim.rtsp.message import MessageError, Request, read_request, response
from shike.camera_sim.rtsp.player import Player, SentTrack
from shike.camera_sim.rtsp.sdp import PICTURE_TRACK, SOUND_TRACK, describe
from shike.camera_sim.rtsp.wire import Datagrams, Interleaved, Wire

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_SESSION_TIMEOUT_S = 60


class Connection:
    """Serves one TCP connection with at most one session: pictures, and audio where the path has it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mounted: Mapping[str, Mounted],
        gate: DigestGate,
        log: FrameLog,
        report_every_s: float,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._mounted, self._gate, self._log = mounted, gate, log
        self._report_every_us = int(report_every_s * 1e6)
        self._session = ""
        self._tracks: dict[str, SentTrack] = {}
        self._viewing: Mounted | None = None
        self._playing: list[asyncio.Task[None]] = []

    async def serve(self) -> None:
        """Answer requests until the client closes the connection or sends something else than RTSP."""
        try:
            while not self._writer.is_closing():
                request = await read_request(self._reader)
                answer = self._answer(request)
                if answer is None:
                    self._writer.transport.abort()
                    break
                self._writer.write(answer)
                await self._writer.drain()
        except (asyncio.IncompleteReadError, MessageError, ConnectionError):
            pass  # the client closed the connection, or does not speak RTSP
        finally:
            await self._stop_playing()
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _answer(self, request: Request) -> bytes | None:
        """The answer; None to break the connection, because the camera is down."""
        if request.method == "OPTIONS":
            return response(request, 200, {"Public": _METHODS})
        if not self._gate.admits(request.method, request.headers.get("authorization")):
            return response(request, 401, {"WWW-Authenticate": self._gate.challenge})
        path, _, track = request.path.rpartition("/")
        if track not in (PICTURE_TRACK, SOUND_TRACK):
            path, track = request.path, PICTURE_TRACK
        mounted = self._mounted.get(path)
        if mounted is None:
            return response(request, 404)
        if mounted.faults.down:
            return None
        if mounted.faults.refuse is not None and request.method in ("DESCRIBE", "SETUP"):
            refused = {"WWW-Authenticate": self._gate.challenge} if mounted.faults.refuse == 401 else {}
            return response(request, mounted.faults.refuse, refused)
        match request.method:
            case "DESCRIBE":
                headers = {"Content-Type": "application/sdp", "Content-Base": request.uri.rstrip("/") + "/"}
                return response(request, 200, headers, describe(mounted.showing.clip, mounted.sound))
            case "SETUP":
                return self._setup(request, mounted, track)
            case "PLAY" | "GET_PARAMETER" | "TEARDOWN":
                return self._in_session(request, mounted)
        return response(request, 405, {"Allow": _METHODS})

    def _setup(self, request: Request, mounted: Mounted, track: str) -> bytes:
        if self._playing:
            return response(request, 455)
        if track == SOUND_TRACK and mounted.sound is None:
            return response(request, 404)
        if not mounted.has_room_for(self):
            return response(request, 453)
        offers = [offer.strip() for offer in request.headers.get("transport", "").split(",")]
        transports = mounted.faults.transports
        offer = next((each for each in offers if ("tcp" if "RTP/AVP/TCP" in each else "udp") in transports), None)
        if offer is None:
            return response(request, 461)
        clock_hz = mounted.sound.rate_hz if track == SOUND_TRACK and mounted.sound else CLOCK_HZ
        wire = self._wire(dict(item.partition("=")[::2] for item in offer.split(";")), "RTP/AVP/TCP" in offer)
        if wire is None:
            return response(request, 400)
        source = RtpSource(
            ssrc=secrets.randbits(32),
            first_sequence=secrets.randbits(16),
            clock_base=mounted.faults.clock_base(secrets.randbits(32), clock_hz),
            channel=wire.channel,
            clock_hz=clock_hz,
        )
        self._tracks[track] = SentTrack(source, wire)
        self._session = self._session or secrets.token_hex(8)
        self._viewing = mounted
        mounted.viewers.add(self)
        session = f"{self._session};timeout={_SESSION_TIMEOUT_S}"
        return response(request, 200, {"Transport": _transport(offer, source, wire), "Session": session})

    def _wire(self, fields: Mapping[str, str], interleaved: bool) -> Wire | None:
        """The transport that a client asked for; None if its Transport header is invalid."""
        name = "interleaved" if interleaved else "client_port"
        first, _, last = fields.get(name, "0-1" if interleaved else "").partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            return None
        if interleaved:
            return Interleaved(self._writer, int(first)) if int(first) <= 254 else None
        local, client = (self._writer.get_extra_info(name)[0] for name in ("sockname", "peername"))
        return Datagrams(local, client, (int(first), int(last or int(first) + 1)))

    def _in_session(self, request: Request, mounted: Mounted) -> bytes:
        if request.method == "GET_PARAMETER" and "session" not in request.headers:
            return response(request, 200)
        pictures = self._tracks.get(PICTURE_TRACK)
        if request.headers.get("session", "").split(";")[0] != self._session or not self._tracks:
            return response(request, 454)
        session = {"Session": self._session}
        if request.method == "GET_PARAMETER":
            return response(request, 200, session)
        if request.method == "TEARDOWN":
            self._leave()
            return response(request, 200)
        if self._playing:
            return response(request, 200, session)
        player = Player(mounted, self._writer, self._log, self._report_every_us)
        if pictures is not None:
            self._playing.append(asyncio.create_task(player.pictures(pictures)))
        if SOUND_TRACK in self._tracks:
            self._playing.append(asyncio.create_task(player.sound(self._tracks[SOUND_TRACK])))
        first_us = mounted.faults.camera_us(player.starts_us)
        base = request.uri.rstrip("/")
        info = ",".join(
            f"url={base}/{name};seq={track.source.sequence};rtptime={track.source.media_time(first_us)}"
            for name, track in self._tracks.items()
        )
        return response(request, 200, session | {"RTP-Info": info, "Range": "npt=now-"})

    def _leave(self) -> None:
        for task in self._playing:
            task.cancel()
        if self._viewing is not None:
            self._viewing.viewers.discard(self)
        self._session = ""

    async def _stop_playing(self) -> None:
        self._leave()
        for task in self._playing:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for track in self._tracks.values():
            track.wire.close()


def _transport(offer: str, source: RtpSource, wire: Wire) -> str:
    """The Transport header that accepts an offer."""
    if isinstance(wire, Datagrams):
        client = next(item for item in offer.split(";") if item.startswith("client_port"))
        first, last = wire.local_ports
        return f"RTP/AVP;unicast;{client};server_port={first}-{last};ssrc={source.ssrc:08X}"
    return f"RTP/AVP/TCP;unicast;interleaved={wire.channel}-{wire.channel + 1};ssrc={source.ssrc:08X}"
