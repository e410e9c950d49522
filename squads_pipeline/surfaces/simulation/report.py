"""What came of a simulation, on one screen: read from the store, written out. No decisions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import gap_failures, gaps, overview, simulation_facts, squads
from squads_pipeline.store.simulation_facts import Earner, Flow
from squads_pipeline.surfaces.cli.answers import money, plain_table
from squads_pipeline.surfaces.simulation.simulator import Lived, Plan

_EARNERS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """Everything on the screen; amounts in µT.

    Attributes:
        done, refused: how often each kind of action was done, and refused by its command.
        still_open: gaps with work that is due; none after a simulation that went to its end.
        failing: units that drivers could not close.
        digest: of the ledger; equal for equal seeds.
    """

    plan: Plan
    agents: int
    squads: Mapping[str, int]
    findings: Mapping[str, int]
    flows: tuple[Flow, ...]
    earners: tuple[Earner, ...]
    rounds: int
    driver_runs: int
    done: Mapping[str, int]
    refused: Mapping[str, int]
    still_open: tuple[str, ...]
    failing: tuple[str, ...]
    digest: str
    wall_seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing was left undone and nothing failed."""
        return not self.still_open and not self.failing


def read(engine: Engine, plan: Plan, lived: Lived, wall_seconds: float) -> SimulationReport:
    """Read it all, at the simulation's last moment."""
    with engine.connect() as connection:
        return SimulationReport(
            plan=plan,
            agents=overview.count_agents(connection),
            squads=dict(sorted(squads.count_by_status(connection).items())),
            findings=simulation_facts.findings_by_status(connection),
            flows=tuple(simulation_facts.flows(connection)),
            earners=tuple(simulation_facts.top_earners(connection, _EARNERS_SHOWN)),
            rounds=simulation_facts.count_rounds(connection),
            driver_runs=lived.closed.runs,
            done=_sorted(lived.tally.done),
            refused=_sorted(lived.tally.refused),
            still_open=tuple(gap for gap in DRIVERS if gaps.is_open(connection, gap)),
            failing=tuple(f"{one.gap} {one.unit}: {one.error}" for one in gap_failures.of_gap(connection)),
            digest=simulation_facts.ledger_digest(connection, plan.start.date()),
            wall_seconds=wall_seconds,
        )


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def document(report: SimulationReport) -> Mapping[str, Any]:
    """For a program."""
    return {
        "ok": report.ok,
        "seed": report.plan.seed,
        "days": report.plan.days,
        "from": report.plan.start.date().isoformat(),
        "until": report.plan.until.date().isoformat(),
        "agents": report.agents,
        "squads": dict(report.squads),
        "findings": dict(report.findings),
        "transfers": {
            flow.kind: {"transfers": flow.transfers, **money("moved", flow.moved_micro)}
            for flow in report.flows
        },
        "top_earners": [
            {"agent": one.agent_id, **money("earned", one.earned_micro)} for one in report.earners
        ],
        "rounds": report.rounds,
        "driver_runs": report.driver_runs,
        "actions_done": dict(report.done),
        "actions_refused": dict(report.refused),
        "still_open": list(report.still_open),
        "failing": list(report.failing),
        "wall_seconds": round(report.wall_seconds, 1),
        "digest": report.digest,
    }


def show(out: Console, report: SimulationReport) -> None:
    """For a person."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    plan = report.plan
    days = f"{plan.days:,} from {plan.start:%Y-%m-%d} to {plan.until:%Y-%m-%d} 00:00 UTC"
    facts.add_row("days", f"{days}, in {report.wall_seconds:,.1f} s")
    facts.add_row("agents", f"{report.agents:,}")
    facts.add_row("squads", _counts(report.squads))
    facts.add_row("findings", _counts(report.findings))
    facts.add_row("rounds", f"{report.rounds:,}")
    facts.add_row("drivers ran", f"{report.driver_runs:,} times")
    facts.add_row("top earners", ", ".join(_earned(one) for one in report.earners) or "nobody")
    out.print(facts)
    out.print()
    moved = plain_table("tokens", "transfers", "moved")
    for flow in report.flows:
        moved.add_row(flow.kind, f"{flow.transfers:,}", format_tokens(flow.moved_micro))
    out.print(moved)
    out.print()
    acted = plain_table("action", "done", "refused")
    for name in sorted({*report.done, *report.refused}):
        acted.add_row(name, f"{report.done.get(name, 0):,}", f"{report.refused.get(name, 0):,}")
    out.print(acted)
    out.print()
    for gap in report.still_open:
        out.print(f"[red]{gap} is still open[/]; see `squads gaps`")
    for failure in report.failing:
        out.print(f"failing: {failure}", markup=False)
    out.print(f"digest {report.digest}")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"


def _earned(one: Earner) -> str:
    return f"{one.agent_id} {format_tokens(one.earned_micro)}"
