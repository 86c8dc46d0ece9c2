"""Going on as another Python: same process, same standard streams, nothing in memory but what the module needs.

Whoever reads settings or brings a database up to date needs libraries that what runs for months does not. So a
command does that, and then gives its place to a module, which it tells what it found out through a pipe: an address
of a database is no argument that others may read. Not here: children (recorder), what the modules do.
"""

import logging
import os
import sys
from typing import NoReturn

# The C library would give every thread a heap of its own, each as large as the most that one ever needed. It may keep
# what it once got: pages that are given back and asked for again cost recording a tenth of its time.
LEAN = {"MALLOC_ARENA_MAX": "2"}
"""Surroundings of a process that lives long and shall stay small."""
_PIPE_BYTES = 60 << 10


def become(module: str, log_level: str, said: str) -> NoReturn:
    """Give this process to `python -m module`, whose `became()` returns `said`; never returns.

    ValueError if `said` is longer than a pipe holds.
    """
    content = said.encode()
    if len(content) > _PIPE_BYTES:  # nobody reads yet: a longer one would wait for ever
        raise ValueError(f"{len(content)} bytes are too many to hand over")
    reads, writes = os.pipe()
    os.write(writes, content)
    os.close(writes)
    os.set_inheritable(reads, True)
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: what lies in the folder where somebody typed the command is no part of the program.
    command = [sys.executable, "-P", "-m", module, log_level, str(reads)]
    os.execve(sys.executable, command, LEAN | os.environ)  # noqa: S606 no shell is wanted


def became() -> str:
    """What this process was told by the one that it goes on for; its log is started as `log_level` says."""
    log_level, reads = sys.argv[1:]
    start_logging(log_level)
    with os.fdopen(int(reads), encoding="utf-8") as pipe:
        return pipe.read()


def start_logging(level: str) -> None:
    """Begin to write this process's log to standard error."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
