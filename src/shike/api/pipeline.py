"""The whole data path, wired on one screen: camera → segments → index → counts → browser.

Each function is one process of `shike up`; none of them knows the others but by the data folder and the database.
"""

from threading import Event

from shike.api.db import Database
from shike.api.keep import Housekeeper
from shike.api.settings import Settings
from shike.attendance.counting.centerface import CenterFace
from shike.attendance.counting.worker import CountingOptions, give_way
from shike.attendance.counting.worker import run as run_counting
from shike.capture.archive import Archive
from shike.capture.clock import Clock
from shike.capture.recorder import Recorder
from shike.capture.segmenter import Lengths
from shike.capture.shard import CaptureConfig


def capture_config(settings: Settings) -> CaptureConfig:
    """The recorder's part of the settings."""
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
    )


def capture(settings: Settings, clock: Clock, halt: Event) -> None:
    """camera → source → timeline → segmenter → archive, spool."""
    Recorder(capture_config(settings), clock).run(halt)


def keep(settings: Settings, clock: Clock, halt: Event) -> None:
    """spool → index; registry → desired state."""
    Housekeeper(settings, Database.at(settings.database), clock).run(halt)


def detector(settings: Settings) -> CenterFace:
    """The default detector, as the settings ask for it."""
    return CenterFace(
        threads=settings.detector_threads, long_side=settings.detector_width, threshold=settings.detector_threshold
    )


def count(settings: Settings, clock: Clock, halt: Event) -> None:
    """archive → keyframes → detector → samples."""
    give_way()
    options = CountingOptions(
        node=settings.node,
        place_file=settings.state_dir / "counting.json",
        sample_interval_s=settings.sample_interval_s,
    )
    database = Database.at(settings.database)
    run_counting(Archive(settings.footage_dir), database, detector(settings), options, clock, halt)
