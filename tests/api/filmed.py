"""A service with footage: real files of a camera, indexed by the product's own code."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shike.api.processes.keep import Housekeeper
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.moment import rfc3339_us
from tests.recorded import CAMERA, Sent, sent_frames

from .service import Service, World, new_camera


@dataclass(frozen=True)
class Filmed:
    """The service, its world, the records of CAMERA's segments, and what the camera sent."""

    service: Service
    world: World
    records: list[SegmentRecord]
    sent: list[Sent]

    @classmethod
    def of(cls, service: Service, world: World, folder: Path) -> "Filmed":
        data = service.settings.data_dir
        for name in ("footage", "spool"):
            shutil.copytree(folder / name, data / name, dirs_exist_ok=True)
        records = list(Spool(data / "spool").pending())
        camera = new_camera(world.rooms[0], "Front", service)
        camera.id, camera.sub_path = CAMERA, "/sub"
        service.add(camera)
        assert Housekeeper(service.settings, service.database, service.clock).index_spool() == len(records)
        return cls(service, world, records, sent_frames(folder / "sent.jsonl"))

    @property
    def archive(self) -> Archive:
        return Archive(self.service.settings.footage_dir)

    @property
    def main(self) -> list[SegmentRecord]:
        """Records of the main stream, oldest first."""
        return [record for record in self.records if record.identity.stream == "main"]

    @property
    def runs(self) -> list[list[SegmentRecord]]:
        """The main stream's records by run."""
        ids = dict.fromkeys(record.identity.run_id for record in self.main)
        return [[record for record in self.main if record.identity.run_id == run_id] for run_id in ids]

    @property
    def start_us(self) -> int:
        return self.main[0].wall_start_us

    @property
    def end_us(self) -> int:
        return self.main[-1].wall_end_us

    def get(self, path: str, who: str = "supervisor", **query: Any) -> httpx.Response:
        """GET a path below the camera; `from` and `to` default to everything that was recorded."""
        times = {"from": self.start_us, "to": self.end_us} | {k.rstrip("_"): v for k, v in query.items()}
        asked = {k: rfc3339_us(v) if isinstance(v, int) else v for k, v in times.items()}
        return self.service.client(who).get(f"/api/cameras/{CAMERA}{path}", params=asked)

    def audit(self, *actions: str) -> list[dict[str, Any]]:
        """Lines of the audit trail with these actions, oldest first."""
        items: list[dict[str, Any]] = self.service.client("auditor").get("/api/audit-events").json()["items"]
        return [item for item in reversed(items) if item["action"] in actions]
