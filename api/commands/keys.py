"""`shike keys …`: shows, exports and replaces the signing key of the installation.

Not here: keys and signatures (capture/proof). Design: docs/design/integrity.md.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from shike.api.commands.arguments import index_of
from shike.api.settings import Settings, load_settings
from shike.attendance.footage.mounted import away
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.durable import replace_file
from shike.capture.archive.files import Archive
from shike.capture.clock import SystemClock
from shike.capture.errors import CaptureError
from shike.capture.proof.signing import Signer, introduce
from shike.capture.proof.signing_keys import SigningKeys

_NAMED = 3

keys = typer.Typer(no_args_is_help=True, help="The key that signs the chains of recordings.")


@keys.command("show")
def show() -> None:
    """The public key in use, its fingerprint and where it lies, and the ids of those before it."""
    settings = load_settings()
    signer = _signer(settings.keys_dir)
    typer.echo(f"{signer.key_id}\nSHA-256 of the public key (DER): {hashlib.sha256(signer.public_der).hexdigest()}")
    typer.echo(f"in {settings.keys_dir.absolute()}")
    typer.echo(signer.public_pem.decode(), nl=False)
    for former in sorted(set(SigningKeys(settings.keys_dir).publics()) - {signer.key_id}):
        typer.echo(f"before: {former}")


@keys.command("export")
def export(file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the public key (PEM).")]) -> None:
    """Write the public key to a file, to be kept by somebody else. The private key is never given out."""
    keys_dir = load_settings().keys_dir
    signer = _signer(keys_dir)
    try:
        replace_file(file, signer.public_pem)
        file.chmod(0o644)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}", param_hint="FILE") from error
    typer.echo(f"{file}: the public key {signer.key_id} of {keys_dir.absolute()}")


@keys.command("rotate")
def rotate(
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also where chains of indexed footage are not there, because they are lost."),
    ] = False,
) -> None:
    """Replace the signing key. Each chain is told by the old key's signature; the old private key is then removed."""
    settings = load_settings()
    with suppress(CaptureError, OSError):  # a lost key can be replaced
        if Signer.existing(settings.keys_dir) is None:
            raise _none_in(settings.keys_dir)
    store, archive = SigningKeys(settings.keys_dir), Archive(settings.footage_dir)
    if not anyway:
        _expect_chains(settings, archive)
    try:
        store.drop_unused()
        if not store.former():  # otherwise an earlier replacement was not finished
            store.renew()
        signer = Signer.at(settings.keys_dir)
    except (CaptureError, OSError) as error:
        raise _refused(settings.keys_dir, error) from error
    left = 0
    for camera_id in archive.cameras():
        try:
            introduce(archive.chain(camera_id), camera_id, signer, SystemClock())
        except (CaptureError, OSError) as error:
            left += 1
            typer.echo(f"the chain of camera {camera_id} was not told: {error}", err=True)
    if left:
        typer.echo(f"{signer.key_id} signs from now on; run this again to finish: the old key is kept until then")
        raise typer.Exit(1)
    try:
        for former in store.former():
            store.retire(former)
    except OSError as error:
        raise _refused(settings.keys_dir, error) from error
    typer.echo(f"{signer.key_id} signs from now on; back up {settings.keys_dir} and give out the new public key")


def _expect_chains(settings: Settings, archive: Archive) -> None:
    """BadParameter if a chain of indexed footage is not mounted: the old key could not introduce the new one in it."""
    with index_of(settings) as database, database.reading() as db:
        absent = away(db, archive, db.scalars(select(CameraRow.id).order_by(CameraRow.id)))
    if absent:
        folders = ", ".join(str(settings.footage_dir.absolute() / camera_id) for camera_id in absent[:_NAMED])
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        raise typer.BadParameter(
            f"the chains of {len(absent)} cameras with footage are not there, or others lie in their place: "
            f"{folders}{more}; mount the volume of the footage and run this again. If they are lost for good, record "
            "that with `shike footage lost`, or use `shike keys rotate --anyway`"
        )


def _signer(keys_dir: Path) -> Signer:
    """Reads the key and never makes one: a command in a wrong data folder must not export a key made there."""
    try:
        signer = Signer.existing(keys_dir)
    except (CaptureError, OSError) as error:
        raise _refused(keys_dir, error) from error
    if signer is None:
        raise _none_in(keys_dir)
    return signer


def _none_in(keys_dir: Path) -> typer.Exit:
    message = f"no signing key in {keys_dir.absolute()}; set SHIKE_DATA_DIR to the data folder or start `shike keep`"
    typer.echo(message, err=True)
    return typer.Exit(1)


def _refused(keys_dir: Path, error: CaptureError | OSError) -> typer.BadParameter:
    if isinstance(error, CaptureError):
        return typer.BadParameter(f"{error}; {error.hint}")
    return typer.BadParameter(f"{keys_dir} cannot be used: {error.strerror or error}; mend it and run this again")
