"""`shike demo`: a small county with three simulated cameras in two rooms that are recorded, counted and shown live.

Everything except the cameras is the product itself: registry, recorder, detector, browser app. Not here: the class
sessions of the demonstration (story.py).
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.passwords import hash_password
from shike.api.auth.roles import Role
from shike.api.auth.tables import AccountRow
from shike.api.database import Database
from shike.api.demo.client import DemoClient
from shike.api.demo.story import begin_class, make_yesterday
from shike.api.migrate import migrate
from shike.api.moment import now
from shike.api.processes.supervisor import COMMANDS, Processes
from shike.api.registry.regions import new_region
from shike.api.settings import Settings, load_settings
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.registry import CameraRow, InstitutionRow, RoomRow
from shike.camera_sim.media import samples
from shike.camera_sim.media.clip import ClipError
from shike.capture.archive.segment import StreamName
from shike.capture.clock import SystemClock
from shike.capture.lifeline import halt_on_signal
from shike.capture.recorder import health
from shike.capture.recorder.health import StreamHealth

USERNAME = "demo"


@dataclass(frozen=True)
class _Place:
    institution: str
    room: str
    seats: int
    cameras: dict[str, str]


PLACES = (
    _Place("椒陵职业技能培训学校", "201 教室", 24, {"前摄像机": "room-a-front", "后摄像机": "room-a-rear"}),
    _Place("襄河职业培训学校", "305 教室", 24, {"前摄像机": "room-b"}),
)


def demo(
    data: Annotated[Path, typer.Option(help="Folder of the demonstration; it is made if it is not there.")] = Path(
        "demo-data"
    ),
    port: Annotated[int, typer.Option(help="Port of the browser app on this machine.")] = 8420,
    fresh: Annotated[bool, typer.Option(help="Begin with an empty folder.")] = False,
) -> None:
    """Show the main job on simulated cameras: recorded, counted, watched live, played back."""
    if fresh and (data / "demo.json").exists():
        shutil.rmtree(data)
    if not _is_free(port):
        typer.echo(f"Port {port} is taken by another program; another one is used.")
        port = _free_port()
    os.environ.update({"SHIKE_DATA_DIR": str(data), "SHIKE_PORT": str(port), "SHIKE_SAMPLE_INTERVAL_S": "5"})
    settings = load_settings()
    typer.echo("1/7  Preparing the data folder and the registry …")
    migrate(settings)
    database = Database.at(settings.database)
    note = _prepare(database, data)
    commands = {
        "camera-sim": ("camera-sim", "--clips", str(samples.folder()), "--port", str(note["sim_port"])),
        **COMMANDS,
    }
    typer.echo("2/7  Starting simulated cameras, recorder, counter and service …")
    halt = halt_on_signal()
    Thread(target=_report, args=(settings, database, note, halt), daemon=True).start()
    Processes(settings.logs_dir, SystemClock(), commands, aloud=False).run(halt)


def _prepare(database: Database, data: Path) -> dict[str, str | int]:
    """Fills the registry at the first start. Returns the notes of the demonstration, with a port that is free now."""
    path = data / "demo.json"
    note: dict[str, str | int] = json.loads(path.read_text()) if path.exists() else {"password": _password()}
    before, note["sim_port"] = int(note.get("sim_port", 0)), _free_port()
    with database.writing() as db:
        if not db.scalar(select(func.count()).select_from(CameraRow)):
            _register(db, str(note["password"]), now(SystemClock()))
        # Cameras that a user added, real or simulated, keep their address.
        for camera in db.scalars(select(CameraRow).where(CameraRow.simulated, CameraRow.port.in_({0, before}))):
            camera.port = int(note["sim_port"])
    path.touch(mode=0o600)
    path.write_text(json.dumps(note))
    return note


def _register(db: DbSession, password: str, moment: datetime) -> None:
    province = new_region(db, None, "安徽省", "province")
    city = new_region(db, province, "滁州市", "city")
    county = new_region(db, city, "全椒县", "county")
    for place in PLACES:
        institution = InstitutionRow(region_id=county.id, name=place.institution, kind="school", created_at=moment)
        db.add(institution)
        db.flush()
        room = RoomRow(
            institution_id=institution.id,
            name=place.room,
            seats=place.seats,
            privacy_notice_posted=True,
            created_at=moment,
        )
        db.add(room)
        db.flush()
        for name, clip in place.cameras.items():
            db.add(
                CameraRow(
                    room_id=room.id,
                    name=name,
                    host="127.0.0.1",
                    port=0,
                    main_path=f"/{clip}/main",
                    sub_path=f"/{clip}/sub",
                    simulated=True,
                    created_at=moment,
                    updated_at=moment,
                )
            )
    db.add(
        AccountRow(
            username=USERNAME,
            name="陈静",
            password_hash=hash_password(password),
            role=Role.ADMINISTRATOR,
            region_id=province.id,
            created_at=moment,
        )
    )


def _report(settings: Settings, database: Database, note: dict[str, str | int], halt: Event) -> None:
    """Prints the progress, then the address and the login, then makes the class sessions."""
    port = int(note["sim_port"])
    if not _until(halt, lambda: settled(_shown(database, port), health.read(settings.state_dir))):
        return
    cameras = sum(len(place.cameras) for place in PLACES)
    typer.echo(f"3/7  Recording {cameras} simulated cameras as their rooms say. Waiting for the first counts …")
    if not _until(halt, lambda: _counted(database, port) and _answers(settings)):
        return
    typer.echo("4/7  Ready.\n")
    typer.echo(f"     Open      http://{settings.host}:{settings.port}/")
    typer.echo(f"     User name {USERNAME}")
    typer.echo(f"     Password  {note['password']}\n")
    typer.echo(f"     Logs are in {settings.logs_dir}. Stop with Ctrl-C.\n")
    try:
        _make_class_sessions(settings, note)
    except (HTTPError, URLError, TimeoutError, subprocess.CalledProcessError, ClipError) as error:
        typer.echo(f"Yesterday's class session could not be told: {error}", err=True)


def _make_class_sessions(settings: Settings, note: dict[str, str | int]) -> None:
    client = DemoClient(f"http://{settings.host}:{settings.port}", USERNAME, str(note["password"]))
    rooms = {room["name"]: room for room in client.get("/api/rooms")["items"]}
    begin_class(client, rooms)
    make_yesterday(client, rooms, settings.data_dir, typer.echo)


def _until(halt: Event, done: Callable[[], bool], seconds: float = 120.0) -> bool:
    until = time.monotonic() + seconds
    while not halt.wait(0.5):
        if done():
            return True
        if time.monotonic() > until:
            typer.echo("This takes longer than it should; the logs say why. Still trying …", err=True)
            until = float("inf")
    return False


def settled(cameras: set[str], states: Mapping[tuple[str, StreamName], StreamHealth]) -> bool:
    """Whether all these cameras are recorded, or rest because of a policy that a user set for their room earlier."""
    known = {camera_id for camera_id, _ in states}
    return cameras <= known and all(
        each.state in ("recording", "resting") for (camera_id, _), each in states.items() if camera_id in cameras
    )


def _shown(database: Database, port: int) -> set[str]:
    """The cameras of the demonstration itself that are enabled."""
    with database.reading() as db:
        return set(
            db.scalars(select(CameraRow.id).where(CameraRow.simulated, CameraRow.enabled, CameraRow.port == port))
        )


def _counted(database: Database, port: int) -> bool:
    """Whether every enabled camera of the demonstration has a count."""
    try:
        with database.reading() as db:
            return _shown(database, port) <= set(db.scalars(select(SampleRow.camera_id).distinct()))
    except SQLAlchemyError:
        return False


def _answers(settings: Settings) -> bool:
    try:
        with urlopen(f"http://{settings.host}:{settings.port}/api/health", timeout=2):
            return True
    except (URLError, TimeoutError):
        return False


def _password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(3))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
