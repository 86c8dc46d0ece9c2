"""The whole data path, wired on one screen: camera → segments → index → counts → browser.

Each function is one process of `shike up`; none knows the others but by the data folder and the database. Each loads
what it needs when it is called: the recorder must not carry a web server and a detector in its memory.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, NoReturn

from shike.capture.clock import Clock

if TYPE_CHECKING:
    from shike.api.processes.keep_config import KeepConfig
    from shike.api.settings import Settings
    from shike.attendance.counting.centerface import CenterFace
    from shike.capture.proof.checkpoints import Checkpoints
    from shike.capture.recorder.config import CaptureConfig


def capture(settings: Settings) -> NoReturn:
    """camera → source → timeline → segmenter → archive, spool: this process becomes the recorder."""
    from shike.capture.become import become

    become("shike.capture.recorder.supervisor", settings.log_level, capture_config(settings).to_json())


def keep(settings: Settings | KeepConfig, clock: Clock, halt: Event) -> None:
    """spool → index; registry → desired state; counts, sign-ins, footage → records, flags; beside it, signed chains."""
    from shike.api.database import Database
    from shike.api.processes.keep import Housekeeper

    signing = Thread(target=checkpoints(settings, clock).run, args=(halt,), name="checkpoints", daemon=True)
    signing.start()
    try:
        Housekeeper(settings, Database.at(settings.database), clock).run(halt)
    finally:
        halt.set()
        signing.join(5)  # an authority that does not answer must not hold up the end


def checkpoints(settings: Settings | KeepConfig, clock: Clock) -> Checkpoints:
    """chains → checkpoints and time stamps. It needs no database, and nothing waits for it."""
    from shike.capture.archive.files import Archive
    from shike.capture.proof.checkpoints import Checkpoints, Intervals

    intervals = Intervals(
        settings.checkpoint_minutes * 60, settings.timestamp_authority_url, settings.timestamp_minutes * 60
    )
    return Checkpoints(Archive(settings.footage_dir), settings.keys_dir, intervals, clock)


def count(settings: Settings, clock: Clock, halt: Event) -> None:
    """archive → keyframes → detector → samples. CountingError if there is no detector."""
    from shike.api.database import Database
    from shike.attendance.counting.worker import CountingOptions, give_way, run
    from shike.capture.archive.files import Archive

    give_way()
    options = CountingOptions(
        node=settings.node,
        place_file=settings.state_dir / "counting.json",
        sample_interval_s=settings.sample_interval_s,
        imported_interval_s=settings.imported_sample_interval_s,
    )
    database = Database.at(settings.database)
    run(Archive(settings.footage_dir), database, detector(settings), options, clock, halt)


def capture_config(settings: Settings) -> CaptureConfig:
    """The recorder's part of the settings."""
    from shike.capture.recorder.config import CaptureConfig, Lengths

    return CaptureConfig(
        footage=settings.footage_dir,
        spool=settings.spool_dir,
        state=settings.state_dir,
        keys=settings.keys_dir,
        node=settings.node,
        lengths=Lengths(settings.fragment_seconds, settings.segment_seconds, settings.sync_seconds),
        camera_timeout_s=settings.read_timeout_seconds,
        watchdog_s=settings.watchdog_seconds,
        streams_per_shard=settings.cameras_per_shard,
        reserve_bytes=settings.disk_reserve_mb << 20,
        log_level=settings.log_level,
    )


def detector(settings: Settings) -> CenterFace:
    """The default detector, as the settings ask for it. CountingError if it is not installed."""
    from shike.attendance.counting.centerface import CenterFace

    return CenterFace(
        threads=settings.detector_threads, long_side=settings.detector_width, threshold=settings.detector_threshold
    )
