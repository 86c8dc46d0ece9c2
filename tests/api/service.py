"""A running service with a real database file and a real port, and the small world of tests."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from shike.api.auth.guard import COOKIE
from shike.api.auth.login import open_login
from shike.api.auth.passwords import hash_password
from shike.api.auth.tables import AccountRow
from shike.api.database import Database
from shike.api.main import create_app
from shike.api.migrate import migrate
from shike.api.moment import now
from shike.api.registry.regions import new_region
from shike.api.settings import Settings
from shike.attendance.counting.headcount import HeadCount
from shike.attendance.tables.base import Base
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.capture.ids import new_id
from shike.capture.source.address import Address
from shike.capture.source.probe import Probed

from .enrolled import Planned, plan

PASSWORD = "correct horse"
PASSWORD_HASH = hash_password(PASSWORD)


class MovingClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.offset_us = 0

    def now(self) -> int:
        return time.time_ns() // 1000 + self.offset_us

    def monotonic(self) -> float:
        return time.monotonic() + self.offset_us / 1e6

    def move(self, seconds: float) -> None:
        self.offset_us += int(seconds * 1_000_000)


@dataclass
class StandInCamera:
    """Answers probes with a chosen result, which a real camera cannot."""

    tried: list[Address] = field(default_factory=list)
    result: Probed = field(default_factory=lambda: Probed(False, 12, "refused_401"))

    def probe(self, address: Address, timeout_s: float) -> Probed:
        self.tried.append(address)
        return self.result


@dataclass(frozen=True)
class World:
    """Ids of the rows that `furnish` adds: two institutions in two cities, and accounts by user name.

    Each institution has a room, a camera, a run, a segment (a row without a file) and a planned class.
    """

    root: str
    cities: tuple[str, str]
    institutions: tuple[str, str]
    rooms: tuple[str, str]
    cameras: tuple[str, str]
    runs: tuple[str, str]
    segments: tuple[str, str]
    planned: tuple[Planned, Planned]
    accounts: Mapping[str, str]


class Service:
    """The service in a thread of this process. `client(name)` is a browser in which somebody is logged in."""

    def __init__(self, data: Path, **settings: Any) -> None:
        defaults: dict[str, Any] = {"port": 0, "event_poll_seconds": 0.05, "permission_recheck_seconds": 0.1}
        self.settings = Settings(data_dir=data, **(defaults | settings))
        self.clock = MovingClock()
        self.camera = StandInCamera()
        self.count: HeadCount | None = None
        self.console: list[str] = []
        self.app = create_app(self.settings, clock=self.clock, prober=self.camera.probe, announce=self.console.append)
        self.database = Database.at(self.settings.database)
        config = uvicorn.Config(self.app, port=0, log_config=None, ws="websockets-sansio", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._clients: list[httpx.Client] = []

    def __enter__(self) -> Self:
        migrate(self.settings)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join(20)
        self.database.dispose()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def nobody(self) -> httpx.Client:
        client = httpx.Client(base_url=f"http://{self.host}", timeout=30)
        self._clients.append(client)
        return client

    def client(self, username: str) -> httpx.Client:
        client = self.nobody()
        client.cookies.set(COOKIE, self.token(username))
        return client

    def token(self, username: str) -> str:
        with self.database.writing() as db:
            account_id = db.query(AccountRow.id).filter_by(username=username).scalar()
            assert account_id is not None, username
            return open_login(db, account_id, now(self.clock), self.settings.login_hours)

    def socket(self, path: str, token: str | None = None, origin: str | None = None) -> ClientConnection:
        headers = {"Cookie": f"{COOKIE}={token}"} if token else {}
        sender = None if origin is None else Origin(origin)
        return connect(f"ws://{self.host}{path}", additional_headers=headers, origin=sender, proxy=None)

    def add(self, *rows: Base) -> None:
        with self.database.writing() as db:
            db.add_all(rows)


def furnish(service: Service) -> World:
    """Fills an empty database with the World."""
    moment = now(service.clock)
    with service.database.writing() as db:
        root = new_region(db, None, "Province", "province")
        cities = [new_region(db, root, f"City {n}", "city") for n in (1, 2)]
        institutions = [
            InstitutionRow(id=new_id(), region_id=c.id, name=f"School {c.name}", created_at=moment) for c in cities
        ]
        db.add_all(institutions)
        db.flush()
        rooms = [
            RoomRow(id=new_id(), institution_id=i.id, name=f"Room of {i.name}", created_at=moment) for i in institutions
        ]
        db.add_all(rooms)
        db.flush()
        cameras = [new_camera(room.id, f"Camera of {room.name}", service) for room in rooms]
        db.add_all(cameras)
        db.flush()
        runs = [new_run(camera.id, moment) for camera in cameras]
        db.add_all(runs)
        db.flush()
        segments = [new_segment(run, moment) for run in runs]
        db.add_all(segments)
        planned = [plan(db, room.institution_id, room.id, moment) for room in rooms]
        scopes: dict[str, tuple[str, str | None, str | None]] = {
            "administrator": ("administrator", root.id, None),
            "supervisor": ("supervisor", root.id, None),
            "auditor": ("auditor", root.id, None),
            "institution": ("institution", None, institutions[0].id),
            "second institution": ("institution", None, institutions[1].id),
            "administrator of city 2": ("administrator", cities[1].id, None),
            "auditor of city 2": ("auditor", cities[1].id, None),
        }
        accounts = {
            username: AccountRow(
                id=new_id(),
                username=username,
                name=username.title(),
                password_hash=PASSWORD_HASH,
                role=role,
                region_id=region_id,
                institution_id=institution_id,
                created_at=moment,
            )
            for username, (role, region_id, institution_id) in scopes.items()
        }
        db.add_all(accounts.values())
    return World(
        root.id,
        (cities[0].id, cities[1].id),
        (institutions[0].id, institutions[1].id),
        (rooms[0].id, rooms[1].id),
        (cameras[0].id, cameras[1].id),
        (runs[0].id, runs[1].id),
        (segments[0].id, segments[1].id),
        (planned[0], planned[1]),
        {username: account.id for username, account in accounts.items()},
    )


def new_camera(room_id: str, name: str, service: Service) -> CameraRow:
    moment = now(service.clock)
    return CameraRow(
        id=new_id(),
        room_id=room_id,
        name=name,
        host="192.0.2.10",
        username="viewer",
        main_path="/main",
        created_at=moment,
        updated_at=moment,
    )


def new_run(camera_id: str, moment: datetime) -> RunRow:
    return RunRow(
        id=new_id(),
        camera_id=camera_id,
        stream="main",
        node="test",
        started_at=moment,
        codec="avc1.64001f",
        width=1280,
        height=720,
        timescale=90000,
        init=b"init",
        init_digest="0" * 64,
    )


def new_segment(run: RunRow, moment: datetime) -> SegmentRow:
    return SegmentRow(
        id=new_id(),
        run_id=run.id,
        camera_id=run.camera_id,
        stream="main",
        sequence=0,
        object_key=f"{run.camera_id}/main/{run.id}.mp4",
        wall_start=moment,
        wall_end=moment + timedelta(seconds=60),
        size=1000,
        head_size=100,
        fragments=b"",
        created_at=moment,
    )
