"""`shike capture`, `keep` and `api` on one data folder; a test can stop each of them."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.browser.product import free_port


@dataclass
class House:
    """The product's processes without the supervisor, which would restart them."""

    data: Path
    segment_s: float = 2.0
    port: int = field(default_factory=free_port)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
        own = {
            "SHIKE_DATA_DIR": str(self.data),
            "SHIKE_NODE": "test",
            "SHIKE_PORT": str(self.port),
            "SHIKE_SEGMENT_SECONDS": str(self.segment_s),
        }
        for name in names:
            with (self.data / f"{name}.words").open("ab") as words:
                command = [sys.executable, "-m", "shike.api.commands.cli", name]
                self.running[name] = subprocess.Popen(command, env=kept | own, stdout=words, stderr=words)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(60)
        self.running.clear()

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/api/health", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def words(self, name: str) -> str:
        return (self.data / f"{name}.words").read_text()
