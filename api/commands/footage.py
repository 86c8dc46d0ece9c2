"""`shike footage check` compares files and index; `shike footage rebuild` makes the index from files and chains.

Not here: `shike footage lost` (lost.py), the checks themselves (attendance/repair). Design: docs/design/footage.md.
"""

import json
import logging
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from shike.api.commands.arguments import cameras, index_of, shown
from shike.api.commands.lost import lost_footage
from shike.api.database import Database
from shike.api.migrate import migrate
from shike.api.settings import load_settings
from shike.attendance.repair.inventory import InventoryFinding, check
from shike.attendance.repair.rebuilding import rebuild
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.moment import rfc3339_us

footage = typer.Typer(no_args_is_help=True, help="Recordings on disk and their index.")
footage.command("lost")(lost_footage)

_Camera = Annotated[
    str | None, typer.Option("--camera", help="Id of one camera, or its name (room · name); all if left out.")
]
_FAULTS = {
    "orphan": "lies on disk and is not indexed; `shike footage rebuild` indexes it",
    "missing": "is indexed and does not lie on disk",
    "empty": "is empty",
    "size_differs": "has not the size that the index says",
    "damaged": "was set aside: it holds no whole fragment",
    "overlap": "covers time that the segment before it covers as well",
}


@footage.command("check")
def check_footage(
    camera: _Camera = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per finding.")] = False,
) -> None:
    """Compare files and index, and list gaps with their reasons. Exits with 1 if anything is wrong; a gap is not."""
    settings = load_settings()
    archive, spool = Archive(settings.footage_dir), Spool(settings.spool_dir, create=False)
    codes: Counter[str] = Counter()
    faults = 0
    with index_of(settings) as database:
        for camera_id, name in cameras(database, archive, camera):
            for finding in check(archive, spool, database.reading, camera_id):
                codes[finding.code] += 1
                faults += finding.is_fault
                row = {"name": name, **asdict(finding)}
                typer.echo(json.dumps(row) if as_json else _line(shown(camera_id, name), finding))
    if not as_json:
        summary = ", ".join(_count(count, code) for code, count in sorted(codes.items())) or "nothing to say"
        typer.echo(f"{'files and index agree' if faults == 0 else _many(faults, 'fault')} ({summary})")
    raise typer.Exit(1 if faults else 0)


@footage.command("rebuild")
def rebuild_index(camera: _Camera = None) -> None:
    """Index every recorded file that the index lacks, and record what was deleted, from files and chains alone.

    Nothing that is there is changed.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    settings = load_settings()
    migrate(settings)
    database = Database.at(settings.database)
    archive = Archive(settings.footage_dir)
    incomplete = False
    for camera_id, name in cameras(database, archive, camera):
        done = rebuild(
            archive, database.reading, database.writing, camera_id, lambda n: typer.echo(f"\r{n:8}", nl=False, err=True)
        )
        if done.away:
            typer.echo(
                f"{shown(camera_id, name)}: left alone: its footage, or a part of it, is not here; mount its volume "
                "and run this again, or see `shike footage lost`"
            )
            incomplete = True
            continue
        typer.echo(
            f"{shown(camera_id, name)}: {done.made} segments indexed, {done.there} were there"
            + (f", {done.unlinked} of them in no chain" if done.unlinked else "")
            + (f", {done.deletions} records of deletions made" if done.deletions else "")
            + (f", {done.deleted} left out: a rule deleted them" if done.deleted else "")
            + (f", {done.unreadable} cannot be read" if done.unreadable else "")
            + (f", {done.unknown_camera} wait until the registry knows the camera" if done.unknown_camera else "")
        )
        incomplete = incomplete or bool(done.unreadable or done.unknown_camera)
    raise typer.Exit(1 if incomplete else 0)


def _count(count: int, code: str) -> str:
    """`3 gaps`, `1 overlap`; the other codes are adjectives of files: `2 missing`."""
    return _many(count, code) if code in ("gap", "overlap") else f"{count} {code}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _line(name: str, finding: InventoryFinding) -> str:
    times = ""
    if finding.start_us is not None and finding.end_us is not None:
        seconds = (finding.end_us - finding.start_us) / 1_000_000
        times = f" {rfc3339_us(finding.start_us)} to {rfc3339_us(finding.end_us)} ({seconds:.1f} s)"
    if finding.code == "gap":
        return f"gap      {name} {finding.stream}{times}: {finding.reason}"
    sizes = "" if finding.said is None else f": {finding.said} bytes in the index, {finding.found} on disk"
    return f"FAULT    {name} {finding.stream}{times}: {finding.key} {_FAULTS[finding.code]}{sizes}"
