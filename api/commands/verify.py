"""`shike verify`: checks chains, signatures, files and index, and reports what is wrong.

Not here: the check (capture/proof/integrity.py). Design: docs/design/integrity.md.
"""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from shike.api.commands.arguments import cameras, index_of, moment_us, shown, with_options
from shike.api.settings import Settings, load_settings
from shike.attendance.footage.indexed import IndexRows
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import StreamName
from shike.capture.archive.spool import Spool
from shike.capture.errors import CaptureError
from shike.capture.moment import rfc3339_us
from shike.capture.proof.chain_walk import Trust
from shike.capture.proof.findings import Finding, VerificationReport, VerificationScope
from shike.capture.proof.integrity import verify
from shike.capture.proof.signing_keys import SigningKeys, key_id, read_public
from shike.capture.proof.timestamps import certificates

_LINES = 50
_LAST_US = 253_402_300_799_999_999
# What each finding means, for the person who reads the report.
WORDS = {
    "row_unreadable": "a row of the chain cannot be read",
    "row_changed": "the row is not the one that the index remembers",
    "chain_broken": "the link to the row before is broken: that row was changed, or rows were removed, added or moved",
    "rows_out_of_order": "the row has another number than its place: rows were removed, added or moved",
    "segment_missing": "a segment of the run has no row",
    "segment_twice": "the segment has a second row that says something else",
    "signature_wrong": "the signature is not over what stands there: the chain was made anew without the key",
    "key_unknown": "the key is not trusted: not one of this installation, and no trusted key vouches for it",
    "key_retired": "the key had been replaced before",
    "timestamp_wrong": "the time stamp is not over its checkpoint",
    "timestamp_untrusted": "the time stamp is not of an authority whose certificate was named",
    "deletion_differs": "the row of the deletion does not fit the segment that it names",
    "file_changed": "the file is not what was recorded",
    "file_missing": "the file is gone, and no rule deleted it",
    "file_missed_by_rule": "the file was gone before a rule came to delete it: somebody removed it by hand",
    "file_unknown": "the file is in no chain: nobody recorded it",
    "index_differs": "the index says something else than the chain",
    "index_missing": "the segment is not in the index",
    "not_in_chain": "the index knows a segment that the chain does not",
    "deleted_by_rule": "deleted by the rule of retention",
    "waiting_for_index": "not indexed yet",
    "being_written": "being written",
    "set_aside": "set aside by recovery: it holds no whole fragment",
    "unsigned_since": "from this row on nothing is signed yet",
    "signed_late": "signed more than an hour after it was recorded",
    "key_unvouched": "the key follows one that was lost: no key before vouches for it",
    "timestamp_unchecked": "the time stamps were not checked: no certificate of their authority was named",
    "timestamp_early": "the time stamp is older than the checkpoint says: the server's clock was ahead",
}

_Camera = Annotated[
    str | None, typer.Option("--camera", help="Id of one camera, or its name (room · name); all if left out.")
]
From = Annotated[str | None, typer.Option("--from", help="From when on, with zone: 2026-11-20T08:30:00+08:00.")]
To = Annotated[str | None, typer.Option("--to", help="Until when, with zone.")]
Quick = Annotated[bool, typer.Option("--quick", help="Compare sizes of files instead of reading them.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object with everything that was found.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", exists=True, dir_okay=False, help="Trust this public key instead of the installation's own."),
]
Authority = Annotated[
    Path | None,
    typer.Option("--timestamp-ca", dir_okay=False, help="Certificates of time stamp authorities (PEM); else setting."),
]


@dataclass(frozen=True)
class VerifyOptions:
    """The options of `shike verify`."""

    camera: _Camera = None
    from_: From = None
    to: To = None
    stream: StreamName | None = None
    quick: Quick = False
    as_json: AsJson = False
    key: Keys = None
    timestamp_ca: Authority = None

    def range_us(self) -> tuple[int | None, int | None]:
        """Start and end in µs UTC, None where not given. BadParameter if the range ends before it begins."""
        start_us = None if self.from_ is None else moment_us(self.from_, "--from")
        end_us = None if self.to is None else moment_us(self.to, "--to")
        if start_us is not None and end_us is not None and end_us <= start_us:
            raise typer.BadParameter("the range ends before it begins", param_hint="--to")
        return start_us, end_us


@with_options(VerifyOptions)
def verify_footage(options: VerifyOptions) -> None:
    """Hold chains, signatures, files and index against each other. Exits with 0 if all holds, with 1 if not."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    settings = load_settings()
    start_us, end_us = options.range_us()
    trust = _trust(settings, options.key or [], options.timestamp_ca)
    archive = Archive(settings.footage_dir)
    reports: list[tuple[str, VerificationReport]] = []
    with index_of(settings) as database:
        rows = IndexRows(database.reading, Spool(settings.spool_dir, create=False))
        for camera_id, name in cameras(database, archive, options.camera):
            scope = VerificationScope(camera_id, options.stream, start_us, end_us, options.quick)
            report = verify(scope, archive, rows, trust, _progress)
            reports.append((name, report))
            if not options.as_json:
                _print(shown(camera_id, name), report, options.quick)
    holds = all(report.holds for _, report in reports)
    if options.as_json:
        typer.echo(json.dumps({"holds": holds, "cameras": [_as_json(name, r) for name, r in reports]}, indent=1))
    elif not reports:
        typer.echo("nothing is recorded, and no camera is registered")
    raise typer.Exit(0 if holds else 1)


def _trust(settings: Settings, named: list[Path], timestamp_ca: Path | None) -> Trust:
    try:
        publics = [read_public(path) for path in named]
        trusted = {key_id(each): each for each in publics} if named else SigningKeys(settings.keys_dir).publics()
        ca = timestamp_ca or settings.timestamp_authority_certificates
        return Trust(trusted, () if ca is None else certificates(ca))
    except CaptureError as error:
        raise typer.BadParameter(str(error)) from error


def _progress(files: int, size: int) -> None:
    if files % 20 == 0 and sys.stderr.isatty():
        typer.echo(f"\r{files:9,} files {size / 1e9:9.1f} GB", nl=False, err=True)


def _print(name: str, report: VerificationReport, quick: bool) -> None:
    if report.files >= 20 and sys.stderr.isatty():
        typer.echo("\r" + " " * 32 + "\r", nl=False, err=True)
    verdict = "HOLDS" if report.holds else "DOES NOT HOLD"
    if not report.segments and not report.findings:
        typer.echo(f"{name}: nothing is recorded there")
        return
    typer.echo(f"{name}: {verdict}{_times(report.start_us, report.end_us)}")
    read = f"{report.files} files compared by size" if quick else f"{report.files} files read ({report.bytes:,} bytes)"
    typer.echo(f"  {report.segments} segments in {report.rows} rows, {read}, {report.deleted} deleted by rule")
    signed = "nothing is signed" if report.signed_until_us is None else f"signed {_time(report.signed_until_us)}"
    stamped = "" if report.stamped_until_us is None else f", time stamped {_time(report.stamped_until_us)}"
    typer.echo(f"  {signed}{stamped}")
    lines = list(_lines(report.findings))
    for line in lines[:_LINES]:
        typer.echo(line)
    if len(lines) > _LINES:
        typer.echo(f"  … and {len(lines) - _LINES} more; --json names all")


def _lines(findings: list[Finding]) -> Iterator[str]:
    """One line for each finding in the order of the report; one line for all segments that the same rule deleted."""
    deleted: dict[str | None, list[Finding]] = {}
    for each in findings:
        if each.code == "deleted_by_rule":
            deleted.setdefault(each.field, []).append(each)
            continue
        where = "" if each.row is None else f" row {each.row}"
        what = "" if each.field is None else f" ({each.field})"
        differs = f": {each.expected} expected, {each.found} found" if each.expected is not None else ""
        differs = f": {each.found}" if each.expected is None and each.found is not None else differs
        file = "" if each.key is None else f" {each.key}"
        mark = "FAULT" if each.is_broken else "note "
        stream = "" if each.stream is None else f" {each.stream}"
        times = _times(each.start_us, each.end_us)
        yield f"  {mark} {each.code}{where}{stream}{times}{file}: {WORDS[each.code]}{what}{differs}"
    for rule, of_rule in deleted.items():
        starts, ends = [f.start_us for f in of_rule if f.start_us], [f.end_us for f in of_rule if f.end_us]
        times = _times(min(starts, default=None), max(ends, default=None))
        count = f"{len(of_rule)} segments"
        yield f"  note  deleted_by_rule{times}: {count}, {WORDS['deleted_by_rule']} ({rule or 'just now'})"


def _times(start_us: int | None, end_us: int | None) -> str:
    return "" if start_us is None or end_us is None else f" {_time(start_us)} to {_time(end_us)}"


def _time(at_us: int) -> str:
    return str(rfc3339_us(at_us)) if 0 <= at_us <= _LAST_US else f"{at_us} µs"


def _as_json(name: str, report: VerificationReport) -> dict[str, Any]:
    values = asdict(report)
    # A finding that is taken out of its report must still name its camera.
    findings = [{"name": name, **finding} for finding in values.pop("findings")]
    return {"name": name, "holds": report.holds, **values, "findings": findings}
