"""Cost of a dozen simulated cameras: CPU of their process while 24 clients (main and sub) read everything.

python -m bench.camera_sim [--cameras 12] [--seconds 30]
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

CLIPS = Path(__file__).parents[1] / "sample_videos" / "clips"
SOURCES = ("room-a-front", "room-a-rear", "room-b")


async def play(url: str, until: float) -> int:
    """Play one stream over a bare socket and count its bytes."""
    host, port = url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    session = ""
    for number, request in enumerate(("DESCRIBE", "SETUP", "PLAY"), start=1):
        target = f"{url}/track0" if request == "SETUP" else url
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" if request == "SETUP" else ""
        writer.write(f"{request} {target} RTSP/1.0\r\nCSeq: {number}\r\n{transport}{session}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        for line in head.split("\r\n"):
            if line.startswith("Content-Length:"):
                await reader.readexactly(int(line.split(":")[1]))
            if line.startswith("Session:"):
                session = f"{line.split(';')[0]}\r\n"
    received = 0
    while time.monotonic() < until:
        received += len(await reader.read(1 << 16))
    writer.close()
    return received


async def measure(urls: list[str], process: psutil.Process, seconds: float) -> dict[str, float]:
    """Bytes and CPU over `seconds`, from 3 s after the clients connect."""
    until = time.monotonic() + seconds + 3
    clients = [asyncio.create_task(play(url, until)) for url in urls]
    await asyncio.sleep(3)
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    received = sum(await asyncio.gather(*clients))
    used = after.user - before.user + after.system - before.system
    return {
        "streams": len(urls),
        "mbit_per_s": round(received * 8 / 1e6 / (seconds + 3), 2),
        "cpu_percent_of_one_core": round(100 * used / seconds, 2),
        "rss_mib": round(process.memory_info().rss / 2**20, 1),
    }


def main() -> None:
    """Print one JSON line, without and with the log of frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    names = [(f"camera-{number}", SOURCES[number % 3]) for number in range(options.cameras)]
    paths = [f"{name}/{stream}={source}/{stream}" for name, source in names for stream in ("main", "sub")]
    for log in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                "-m",
                "shike.camera_sim",
                "--clips",
                str(CLIPS),
                "--port",
                "0",
                "--paths",
                *paths,
            ]
            command += ["--log", f"{folder}/sent.jsonl"] if log else []
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
                assert server.stdout is not None
                urls = [server.stdout.readline().strip() for _ in paths]
                figures = asyncio.run(measure(urls, psutil.Process(server.pid), options.seconds))
                server.terminate()
        print(json.dumps({"log": log} | figures))


if __name__ == "__main__":
    main()
