"""`make bench`: every measurement, on an embedded server of its own; `--quick` for a first impression."""

import sys
import tempfile
from pathlib import Path

from benchmarks import backfill, closing, idle, pledges, posting, rounds, world
from benchmarks.report import Measurement, show
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home


def main() -> None:
    largest = 100_000 if "--quick" in sys.argv[1:] else 1_000_000
    results: list[Measurement] = []
    with tempfile.TemporaryDirectory() as folder, Embedded(Home(Path(folder) / "home")).use() as url:
        with world.scratch(url) as engine:
            world.people(engine)
            results.append(posting.measure(engine, largest))
        for number in (10_000, 100_000, 1_000_000):
            if number <= largest:
                results += rounds.measure(url, number)
        results.append(idle.measure(url, 10_000, largest))
        results += backfill.measure(url, Path(folder) / "backfill")
        results.append(pledges.measure(url, 1_000, 100_000))
    with tempfile.TemporaryDirectory() as folder:
        results.append(closing.measure(Path(folder), times=8))
    show(results)


if __name__ == "__main__":
    main()
