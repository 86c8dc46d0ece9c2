"""Keep a release: a small installation that this version of Shike made, which every later version must read.

    python scripts/keep_release.py --shike .venv/bin/shike tests/releases/0.2.0.tar.gz

Starts the product on loopback with a simulated camera, records, imports, judges and decides something, and packs the
data folder with the answers that the service gave about it (facts.json). tests/releases reads it with today's code.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import psutil

PASSWORD = "a-long-enough-password"
SEGMENT_S = 4
RECORD_S = 14
IMPORTED_S = 4
FPS = 10
LASTS = timedelta(minutes=5)
TRAINEES = (("张三", "341124199001010013", "合格"), ("李四", "341124198001010019", "不合格"))


def write_clip(path: Path, width: int, height: int) -> None:
    """Four seconds of a grey picture with a moving bar: closed groups of a second, a few kilobytes."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryslow", "x264-params": f"keyint={FPS}:min-keyint={FPS}:scenecut=0:bframes=0"}
        for number in range(IMPORTED_S * FPS):
            picture = np.full((height, width, 3), 90, np.uint8)
            picture[:, number * 4 : number * 4 + 8] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(done: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true result. TimeoutError if there is none in time."""
    until = time.monotonic() + seconds
    while not (result := done()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.3)
    return result


class Installation:
    """A data folder, the product on it, and a simulated camera."""

    def __init__(self, shike: Path, folder: Path) -> None:
        self._shike, self.data, self._clips = str(shike), folder / "data", folder / "clips"
        self.port, self.camera_port = free_port(), free_port()
        self._running: list[subprocess.Popen[bytes]] = []
        own = {"DATA_DIR": str(self.data), "PORT": str(self.port), "SEGMENT_SECONDS": str(SEGMENT_S)}
        own |= {"SAMPLE_INTERVAL_S": "2", "IMPORTED_SAMPLE_INTERVAL_S": "2", "CHECKPOINT_MINUTES": "0.05"}
        own |= {"NODE": "recorder-1", "PASSWORD": PASSWORD, "FLOOR_GB": "0", "FLOOR_PERCENT": "0"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
        self._environment = kept | {f"SHIKE_{name}": value for name, value in own.items()}

    def run(self, *arguments: str) -> None:
        subprocess.run([self._shike, *arguments], env=self._environment, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> httpx.Client:
        """Start camera and product; the client is logged in as the first administrator."""
        self._clips.mkdir(parents=True)
        self.data.mkdir()
        for stream, size in (("main", (320, 180)), ("sub", (160, 90))):
            write_clip(self._clips / f"hall-{stream}.mp4", *size)
        self.run("account", "add", "administrator", "--name", "Administrator")
        for command in (["camera-sim", "--clips", str(self._clips), "--port", str(self.camera_port)], ["up"]):
            self._running.append(
                subprocess.Popen([self._shike, *command], env=self._environment, stdout=subprocess.DEVNULL)
            )
        address = f"http://127.0.0.1:{self.port}"
        client = httpx.Client(base_url=address, headers={"Origin": address}, timeout=60)
        wait_for(lambda: is_up(client), 60, "the service answers")
        client.post("/api/login", json={"username": "administrator", "password": PASSWORD}).raise_for_status()
        return client

    def kill(self) -> None:
        """End every process as a power cut does: a segment stays open, with its marker."""
        for process in reversed(self._running):  # the camera last: a recorder that misses it would close its files
            family = psutil.Process(process.pid).children(recursive=True)
            for each in [*reversed(family), process]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait(60)
        self._running.clear()

    def ingest(self, camera_id: str, start: datetime) -> None:
        file = str(self._clips / "hall-main.mp4")
        self.run("ingest", file, "--camera", camera_id, "--start", start.isoformat(), "--simulated")


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/api/health").status_code == 200
    except httpx.TransportError:
        return False


def get(client: httpx.Client, path: str, **query: str) -> Any:
    answer = client.get(path, params=query)
    answer.raise_for_status()
    return answer.json()


def post(client: httpx.Client, path: str, **body: Any) -> Any:
    answer = client.post(path, json=body)
    if answer.is_error:
        raise ValueError(f"{path}: {answer.text}")
    return answer.json()


def upload(client: httpx.Client, kind: str, class_id: str, rows: list[list[str]]) -> None:
    text = "\n".join(",".join(row) for row in rows)
    headers = {"Content-Type": "text/csv"}
    answer = client.post(
        f"/api/imports/{kind}", params={"class_id": class_id}, content=text.encode(), headers=headers
    ).json()
    if answer.get("refused") != 0:
        raise ValueError(f"{kind}: {answer}")


def register(client: httpx.Client, port: int) -> dict[str, str]:
    """An institution with a room and a camera; their ids."""
    region = get(client, "/api/regions")["items"][0]["id"]
    institution = post(client, "/api/institutions", region_id=region, name="椒陵职业技能培训学校")["id"]
    room = post(
        client, "/api/rooms", institution_id=institution, name="201 教室", seats=24, privacy_notice_posted=True
    )["id"]
    address = {"host": "127.0.0.1", "port": port, "main_path": "/hall/main", "sub_path": "/hall/sub"}
    camera = post(client, "/api/cameras", room_id=room, name="前摄像机", **address)["id"]
    return {"institution": institution, "room": room, "camera": camera}


def teach(client: httpx.Client, ids: dict[str, str], start: datetime) -> None:
    """A class that ended yesterday, with one session of five minutes, people, sign-ins and results."""
    day = start.date().isoformat()
    ids["class"] = post(
        client,
        "/api/classes",
        institution_id=ids["institution"],
        number="2026-001",
        name="电子商务师 中级 1 班",
        project_type="upgrade",
        occupation="电子商务师",
        level="中级工",
        starts_on=day,
        ends_on=day,
        planned_lesson_hours=1,
        funding_year=start.year,
    )["id"]
    roster = [["姓名", "身份证号", "人员类别", "用人单位", "考核结果"]]
    roster += [[name, number, "企业职工", "全椒县某公司", result] for name, number, result in TRAINEES]
    upload(client, "roster", ids["class"], roster)
    end = start + LASTS
    ids["session"] = post(
        client,
        "/api/class-sessions",
        class_id=ids["class"],
        room_id=ids["room"],
        teacher="葛蕾",
        starts_at=start.isoformat(),
        ends_at=end.isoformat(),
    )["id"]
    local = start + timedelta(hours=8)
    signs = [["课次", "身份证号", "签到时间", "签退时间"]]
    signs += [
        ["1", number, f"{local:%Y-%m-%d %H:%M:%S}", f"{local + LASTS:%Y-%m-%d %H:%M:%S}"] for _, number, _ in TRAINEES
    ]
    upload(client, "sign_events", ids["class"], signs)


def judged(client: httpx.Client, session_id: str) -> bool:
    detail = get(client, f"/api/class-sessions/{session_id}/detail")
    return bool(detail["record"] and detail["record"]["final"] and detail["flags"])


def is_recording(client: httpx.Client) -> bool:
    return all((item["state"] or {}).get("state") == "recording" for item in get(client, "/api/wall")["items"])


def facts_of(client: httpx.Client, ids: dict[str, str], begin: datetime, end: datetime) -> dict[str, Any]:
    """What the service answers about the installation, by path."""
    span = {"from": begin.isoformat(), "to": end.isoformat()}
    queries: dict[str, dict[str, str]] = {
        "/api/institutions": {},
        "/api/rooms": {},
        "/api/cameras": {},
        f"/api/cameras/{ids['camera']}/timeline": span,
        f"/api/class-sessions/{ids['session']}": {},
        f"/api/classes/{ids['class']}/enrolments": {},
        f"/api/classes/{ids['class']}/decisions": {},
        "/api/flags": {},
        "/api/holds": {},
    }
    return {path: {"query": query, "answer": get(client, path, **query)} for path, query in queries.items()}


def make(shike: Path, folder: Path) -> Path:
    """Make the installation; returns its data folder."""
    place = Installation(shike, folder)
    try:
        client = place.start()
        ids = register(client, place.camera_port)
        begin = datetime.now(UTC).replace(microsecond=0)
        yesterday = begin - timedelta(days=1)
        time.sleep(RECORD_S)
        client.patch(f"/api/cameras/{ids['camera']}", json={"enabled": False}).raise_for_status()
        place.ingest(ids["camera"], yesterday + timedelta(minutes=1))
        place.ingest(ids["camera"], yesterday + LASTS - timedelta(seconds=IMPORTED_S))
        teach(client, ids, yesterday)
        wait_for(lambda: judged(client, ids["session"]), 180, "yesterday's class session is judged")
        post(client, f"/api/classes/{ids['class']}/decisions")
        flag = get(client, "/api/flags")["items"][0]
        post(client, f"/api/flags/{flag['id']}/verdict", verdict="confirmed", note="looked at in the release")
        end = begin + timedelta(seconds=RECORD_S - SEGMENT_S)
        span = {"from": begin.isoformat(), "to": end.isoformat()}
        post(client, "/api/holds", camera_id=ids["camera"], reason="kept with the release", **span)
        pack = client.get(
            f"/api/cameras/{ids['camera']}/export",
            params=span | {"format": "pack"},
        )
        pack.raise_for_status()
        time.sleep(6)  # a checkpoint over all of it
        client.patch(f"/api/cameras/{ids['camera']}", json={"enabled": True}).raise_for_status()
        wait_for(lambda: is_recording(client), 30, "the camera is recorded again")
        time.sleep(SEGMENT_S / 2)
        facts = facts_of(client, ids, begin, end)
    finally:
        place.kill()
    place.ingest(ids["camera"], yesterday + timedelta(hours=2))  # its record waits in the spool
    (place.data / "pack.zip").write_bytes(pack.content)
    about = {"ids": ids, "from": begin.isoformat(), "to": end.isoformat(), "facts": facts}
    (place.data / "facts.json").write_text(json.dumps(about, ensure_ascii=False, indent=1))
    tidy(place.data)
    return place.data


def tidy(data: Path) -> None:
    """Leave what a later version must read: one file of the database, no logs."""
    database = sqlite3.connect(data / "db" / "shike.sqlite3")
    database.execute("PRAGMA journal_mode=DELETE")
    database.execute("VACUUM")
    database.close()
    shutil.rmtree(data / "logs", ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shike", type=Path, required=True, help="the command of the version that is kept")
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = make(options.shike.absolute(), Path(folder))
        options.target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(options.target, "w:gz", compresslevel=9) as archive:
            archive.add(data, "data")
    print(f"{options.target}: {options.target.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
