"""The two transports: interleaved in the RTSP connection, or UDP to the ports that the client named."""

import asyncio
import contextlib
import socket
from typing import Protocol

from shike.camera_sim.rtp.packets import PACKET_HEADER

_TRIES = 50
_INTERLEAVED_HEADER = 4
assert PACKET_HEADER > _INTERLEAVED_HEADER


class Wire(Protocol):
    """The transport of one track."""

    channel: int

    def media(self, data: bytes, offsets: tuple[int, ...]) -> None:
        """Send a frame's packets, which have interleaved headers; ``offsets``: where each begins."""
        ...

    def control(self, report: bytes) -> None:
        """Send an RTCP packet."""
        ...

    def close(self) -> None:
        """Close the sockets that this transport opened."""
        ...


class Interleaved:
    """Sends over the RTSP connection itself."""

    def __init__(self, writer: asyncio.StreamWriter, channel: int) -> None:
        self._writer, self.channel = writer, channel

    def media(self, data: bytes, offsets: tuple[int, ...]) -> None:
        self._writer.write(data)

    def control(self, report: bytes) -> None:
        self._writer.write(b"$" + bytes((self.channel + 1,)) + len(report).to_bytes(2, "big") + report)

    def close(self) -> None:
        """Nothing: the connection closes its own socket."""


class Datagrams:
    """Sends over UDP, from a pair of neighbouring ports to the client's pair."""

    channel = 0

    def __init__(self, local: str, client: str, ports: tuple[int, int]) -> None:
        """OSError if no pair of ports is free."""
        self._client, self._ports = client, ports
        self._media, self._control = _pair(local)

    @property
    def local_ports(self) -> tuple[int, int]:
        """The pair of ports that it sends from."""
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def media(self, data: bytes, offsets: tuple[int, ...]) -> None:
        for start, end in zip(offsets, (*offsets[1:], len(data)), strict=True):
            self._send(self._media, data[start + _INTERLEAVED_HEADER : end], self._ports[0])

    def control(self, report: bytes) -> None:
        self._send(self._control, report, self._ports[1])

    def close(self) -> None:
        self._media.close()
        self._control.close()

    def _send(self, sender: socket.socket, data: bytes, port: int) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):  # the datagram is lost
            sender.sendto(data, (self._client, port))


def _pair(local: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(_TRIES):
        media, control = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        try:
            media.bind((local, 0))
            port = media.getsockname()[1]
            if port % 2 == 0:
                control.bind((local, port + 1))
                for each in (media, control):
                    each.setblocking(False)
                return media, control
        except OSError:
            pass
        media.close()
        control.close()
    raise OSError("no pair of UDP ports is free")
