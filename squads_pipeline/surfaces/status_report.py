"""How things stand, on one screen: read from the store, written out. No decisions."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, make_url

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.server.database_url import configured
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.store import overview, squads
from squads_pipeline.store.overview import Adoption, Inbox, RoundSummary
from squads_pipeline.surfaces import gap_report, health
from squads_pipeline.surfaces.cli.answers import money, plain_table
from squads_pipeline.surfaces.health import Health

ROUNDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Everything on the screen; amounts in µT."""

    server: str
    adoption: Adoption | None
    agents: int
    squads: dict[str, int]
    holdings: dict[str, int]
    inbox: Inbox
    rounds: list[RoundSummary]
    health: Health


def server() -> str:
    """Which database this is; asked before a command starts one for itself."""
    url = configured(os.environ)
    if url is not None:
        return f"your own PostgreSQL, {make_url(url).render_as_string(hide_password=True)}"
    state = Embedded(Home.from_environment(os.environ)).status()
    running = f"runs on port {state.port}" if state.running else "was down; started for this command only"
    return f"embedded PostgreSQL, {running}, data in {state.data}"


def read(connection: Connection, where: str) -> StatusReport:
    """Read it all."""
    return StatusReport(
        server=where,
        adoption=overview.adoption(connection),
        agents=overview.count_agents(connection),
        squads=squads.count_by_status(connection),
        holdings=overview.holdings(connection),
        inbox=overview.inbox(connection),
        rounds=overview.last_rounds(connection, ROUNDS_SHOWN),
        health=health.read(connection),
    )


def document(report: StatusReport) -> Mapping[str, Any]:
    """For a program."""
    adopted = report.adoption
    return {
        "server": report.server,
        "policy": adopted
        and {
            "policy_id": adopted.policy_id,
            "adopted_by": adopted.adopted_by,
            "reason": adopted.reason,
            "adopted_at": adopted.adopted_at.isoformat(),
        },
        "agents": report.agents,
        "squads": report.squads,
        "accounts": {kind: money("balance", held) for kind, held in report.holdings.items()},
        "inbox": {
            "contributions": report.inbox.contributions,
            **money("amount", report.inbox.amount_micro),
            "since": report.inbox.since and report.inbox.since.isoformat(),
        },
        "rounds": [_round(one) for one in report.rounds],
        **health.document(report.health),
        **gap_report.document(report.health.gaps),
    }


def _round(one: RoundSummary) -> dict[str, Any]:
    return {
        "round": one.round_id,
        "opened_at": one.opened_at.isoformat(),
        "mechanism": one.mechanism,
        "squads_weighed": one.squads_weighed,
        "squads_matched": one.squads_matched,
        **money("budget", one.budget_micro),
        **money("matched", one.matched_micro),
    }


def show(out: Console, report: StatusReport) -> None:
    """For a person."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("server", report.server)
    if report.adoption is not None:
        since = f"{report.adoption.adopted_at:%Y-%m-%d %H:%M} UTC"
        facts.add_row("policy", f"{report.adoption.policy_id} since {since}: {report.adoption.reason}")
    facts.add_row("agents", f"{report.agents:,}")
    facts.add_row(
        "squads", ", ".join(f"{count:,} {status}" for status, count in report.squads.items()) or "none"
    )
    for kind, held in sorted(report.holdings.items()):
        facts.add_row(f"{kind} holds", f"{format_tokens(held)} tokens")
    inbox = report.inbox
    noun = "contribution" if inbox.contributions == 1 else "contributions"
    waiting = f"{inbox.contributions:,} {noun}, {format_tokens(inbox.amount_micro)} tokens"
    if inbox.since is not None:
        waiting += f", the oldest {gap_report.age(report.health.gaps.read_at, inbox.since)} ago"
    facts.add_row("inbox", waiting)
    out.print(facts)
    out.print()
    out.print(_rounds(report.rounds) if report.rounds else "no round yet")
    out.print()
    out.print(gap_report.table(report.health.gaps))
    out.print()
    health.show(out, report.health)


def _rounds(rounds: list[RoundSummary]) -> Table:
    shown = plain_table("round", "opened (UTC)", "squads matched", "budget", "matched")
    for one in rounds:
        shown.add_row(
            str(one.round_id),
            f"{one.opened_at:%Y-%m-%d %H:%M:%S}",
            f"{one.squads_matched:,} of {one.squads_weighed:,}",
            format_tokens(one.budget_micro),
            format_tokens(one.matched_micro),
        )
    return shown
