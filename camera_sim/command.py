"""The command line of the simulated camera: ``python -m shike.camera_sim --clips DIR --port N``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from shike.camera_sim.config import SimConfig, mounts_in
from shike.camera_sim.media.clip import ClipError
from shike.camera_sim.sim import CameraSim


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns 0, or 2 if a clip cannot be read or the port is taken."""
    options = _parser().parse_args(arguments)
    try:
        sim = CameraSim(
            SimConfig(
                mounts=mounts_in(options.clips, options.seed, tuple(options.paths)),
                port=options.port,
                user=options.user,
                password=options.password,
                order=options.order,
                log=options.log,
            )
        )
        asyncio.run(_until_signalled(sim))
    except (ClipError, OSError) as error:
        sys.stderr.write(f"camera-sim: {error}\n")
        return 2
    return 0


async def _until_signalled(sim: CameraSim) -> None:
    def announce() -> None:
        for path in sim.paths:
            sys.stdout.write(f"{sim.url(path)}\n")
        sys.stdout.flush()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, sim.request_stop)
    await sim.serve(announce)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="camera-sim", description="Simulated RTSP cameras on 127.0.0.1.")
    parser.add_argument("--clips", type=Path, required=True, help="folder of <camera>-<stream>.mp4")
    parser.add_argument("--port", type=int, default=8554, help="0 takes a free one (default 8554)")
    parser.add_argument("--seed", default="0", help="cameras of one seed show the same moment")
    parser.add_argument("--order", choices=("mixed", "straight"), default="mixed", help="order of the clip's pieces")
    parser.add_argument("--log", type=Path, help="append a JSON line per frame sent")
    parser.add_argument("--user", help="ask for this user (digest)")
    parser.add_argument("--password", help="and this password")
    parser.add_argument("--paths", nargs="*", default=[], help="serve only these; new=old gives a clip another name")
    return parser
