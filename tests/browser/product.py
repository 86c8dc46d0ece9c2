"""`shike up` on loopback with simulated cameras, an account and a registry."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from shike.camera_sim.media import samples

PASSWORD = "a-long-enough-password"
ADMINISTRATOR = "chenjing"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)


@dataclass
class SimulatedCameras:
    """A process of simulated cameras that can be killed and started again on the same port."""

    log: Path
    paths: tuple[str, ...]
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    killed_us: int = 0

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "shike.camera_sim", "--clips", str(samples.folder())),
                *("--port", str(self.port), "--log", str(self.log), "--paths", *self.paths),
            ],
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.killed_us = time.time_ns() // 1000

    def sent(self, path: str) -> list[tuple[int, int]]:
        """(sent µs, frame of the clip) of every frame of a path that was written to the connection."""
        rows = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [(row["sent_us"], row["frame"]) for row in rows if row["path"].strip("/") == path]


@dataclass
class Product:
    """A data folder with `shike up` running on it."""

    data: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    sample_interval_s: float = 5

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"SHIKE_DATA_DIR": str(self.data), "SHIKE_PORT": str(self.port), "SHIKE_SEGMENT_SECONDS": "20"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
        own |= {"SHIKE_SAMPLE_INTERVAL_S": str(self.sample_interval_s), "SHIKE_PASSWORD": PASSWORD}
        return kept | own

    def command(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "shike.api.commands.cli", *arguments], env=self.environment, check=True)

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "up.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shike.api.commands.cli", "up"],
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        wait_until(self.is_up, 60, "the service answers")

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.address}/api/health", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    @contextmanager
    def client(self, username: str = ADMINISTRATOR) -> Iterator[httpx.Client]:
        """A client that is logged in, with the Origin of our own pages."""
        with httpx.Client(base_url=self.address, headers={"Origin": self.address}, timeout=30) as client:
            answer = client.post("/api/login", json={"username": username, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client


def post(client: httpx.Client, path: str, **body: object) -> dict[str, str]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    created: dict[str, str] = answer.json()
    return created
