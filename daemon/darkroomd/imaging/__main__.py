"""The worker process: started by the daemon, talks over its standard input and output."""

from __future__ import annotations

import argparse
import faulthandler
import os
from dataclasses import dataclass

import structlog

from darkroomd import logs
from darkroomd.imaging.confinement import confine
from darkroomd.system.heap import keep_freed_memory

log = structlog.get_logger()


class Arguments(argparse.Namespace):
    """What the daemon says on the command line."""

    parent: int
    log_format: str
    log_level: str
    memory_bytes: int
    file_bytes: int
    pixels: int
    threads: int


@dataclass(frozen=True, slots=True)
class Pipes:
    """The process's file descriptors, out of the way of anything that prints."""

    requests: int
    answers: int
    log: int


def main() -> None:
    """Set the process up, load the decoder and work until standard input ends."""
    arguments = _parser().parse_args(namespace=Arguments())
    pipes = _take_pipes()
    levels = logs.Levels(arguments.log_level)
    lines = logs.configure(logs.LogFormat(arguments.log_format), levels, descriptor=pipes.log)
    structlog.contextvars.bind_contextvars(worker=os.getpid())
    faulthandler.enable(file=pipes.log)
    refused = confine(parent=arguments.parent, memory_bytes=arguments.memory_bytes)
    for measure, reason in refused.items():
        log.warning("measure_refused", measure=measure, reason=reason)
    try:
        _work(arguments, pipes)
    finally:
        lines.tidy(all_of_it=True)


def _take_pipes() -> Pipes:
    """Move the protocol and the log away from descriptors 1 and 2, which C libraries print to."""
    answers, log_to = os.dup(1), os.dup(2)
    os.dup2(2, 1)
    return Pipes(requests=0, answers=answers, log=log_to)


def _work(arguments: Arguments, pipes: Pipes) -> None:
    # numpy's linear algebra would start a thread per core, with its memory, that nobody uses here.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if arguments.threads:
        # LibRaw takes a thread per core.
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    keep_freed_memory()
    # Loaded only now: what is loaded before the process is confined is not confined.
    from darkroomd.imaging import strips  # noqa: PLC0415 - see above
    from darkroomd.imaging.pipeline import Limits  # noqa: PLC0415 - see above
    from darkroomd.imaging.worker import Worker  # noqa: PLC0415 - see above

    if arguments.threads:
        strips.bound_threads(arguments.threads)

    limits = Limits(file_bytes=arguments.file_bytes, pixels=arguments.pixels)
    Worker(requests=pipes.requests, answers=pipes.answers, limits=limits).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m darkroomd.imaging", description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--log-format", required=True)
    parser.add_argument("--log-level", required=True)
    parser.add_argument("--memory-bytes", type=int, required=True)
    parser.add_argument("--file-bytes", type=int, required=True)
    parser.add_argument("--pixels", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser


if __name__ == "__main__":
    main()
