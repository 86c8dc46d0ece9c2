"""`CameraSim`: an RTSP server in a thread of its own, which can be started and stopped."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from shike.camera_sim.config import SimConfig
from shike.camera_sim.faults import Faults
from shike.camera_sim.framelog import FrameLog
from shike.camera_sim.media.audio import sound
from shike.camera_sim.media.clip import Clip, read_clip
from shike.camera_sim.mounted import Mounted
from shike.camera_sim.rtsp.connection import Connection
from shike.camera_sim.rtsp.digest import DigestGate

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0


class CameraSim:
    """Serves all mounts of a configuration. It may be stopped and started again; the port stays the same.

    Use it as a context manager; where an event loop runs already, use ``serve``.
    """

    def __init__(self, config: SimConfig) -> None:
        """Reads every clip; raises ClipError for one that cannot be shown."""
        self._config = config
        clips: dict[Path, Clip] = {}
        self._mounted: dict[str, Mounted] = {}
        for mount in config.mounts:
            if mount.file not in clips:
                clips[mount.file] = read_clip(mount.file)
            clip = clips[mount.file]
            audio = None if mount.audio is None else sound(mount.audio)
            self._mounted[mount.path] = Mounted(mount.path, clip, mount.seed, config.order, audio)
        self.port = config.port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: OSError | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it serves."""
        return tuple(self._mounted)

    def url(self, path: str) -> str:
        """Address of a path, without user and password."""
        return f"rtsp://{self._config.host}:{self.port}/{path}"

    def silence(self, path: str, silent: bool = True) -> None:
        """Stop sending at a path while its connections stay open, or send again."""
        self.faults(path).silent = silent

    def faults(self, path: str) -> Faults:
        """The faults of a path; they may be changed from any thread."""
        return self._mounted[path].faults

    def start(self) -> None:
        """Listen. Returns when clients can connect; OSError if the port is taken."""
        self._started.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name="camera-sim", daemon=True)
        self._thread.start()
        if not self._started.wait(_START_TIMEOUT_S):
            raise TimeoutError("the simulated camera did not start")
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Close every connection and the port; does nothing when not started."""
        if self._thread is None:
            return
        self.request_stop()
        self._thread.join(_STOP_TIMEOUT_S)
        self._thread = None

    def request_stop(self) -> None:
        """Make ``serve`` end. May be called from any thread and from a signal handler."""
        if self._loop and self._stopping:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)

    def __enter__(self) -> "CameraSim":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self.serve())
        except OSError as error:
            self._failure = error
            self._started.set()

    async def serve(self, listening: Callable[[], None] | None = None) -> None:
        """Listen and serve until stopped or cancelled; ``listening`` is called once clients can connect."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        gate = DigestGate(self._config.user, self._config.password)
        log = FrameLog(self._config.log)
        serving: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = Connection(reader, writer, self._mounted, gate, log, self._config.report_every_s)
            task = asyncio.create_task(connection.serve())
            serving.add(task)
            task.add_done_callback(serving.discard)

        server = await asyncio.start_server(accept, self._config.host, self.port)
        try:
            self.port = server.sockets[0].getsockname()[1]
            self._started.set()
            if listening:
                listening()
            await self._stopping.wait()
        finally:
            server.close()
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            log.close()
