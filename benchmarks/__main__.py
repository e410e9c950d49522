"""`make bench`: every measurement, on an embedded server of its own; `--quick` for a first impression."""

import sys
import tempfile
from pathlib import Path

from benchmarks import backfill, closing, drivers, history, idle, looks, pledges, posting, rounds, world
from benchmarks.report import Measurement, show
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home


def main() -> None:
    largest = 100_000 if "--quick" in sys.argv[1:] else 1_000_000
    results: list[Measurement] = []
    with tempfile.TemporaryDirectory() as folder, Embedded(home := Home(Path(folder) / "home")).use() as url:
        history.allow(home)
        results += _with_history(url, history.LARGE if largest > 100_000 else history.MIDDLE)
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


def _with_history(url: str, large: history.Size) -> list[Measurement]:
    """Looks and drivers on a short and on a long history."""
    with world.scratch(url) as short, world.scratch(url) as long:
        history.write(short, history.SMALL)
        history.write(long, large)
        results = looks.measure(short, long)
        looks.decide_all_bids(long)
        empty = looks.idle(long, "squad_rosters")
        results.append(Measurement("idle look at squad_rosters, no bid waits", empty, "50 ms", 0.05, "≤ 1"))
        return [*results, *drivers.measure(short, long)]


if __name__ == "__main__":
    main()
