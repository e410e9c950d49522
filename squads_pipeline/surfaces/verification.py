"""Running every invariant over all of history, and showing the verdicts. They are in `store.invariants`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Connection, Engine

from squads_pipeline.drivers import (
    audit_calibrations,
    audit_distributions,
    audit_dividends,
    audit_findings,
    audit_formations,
    audit_matches,
    audit_pledges,
    audit_rosters,
)
from squads_pipeline.store import seal_findings, seals, verifications
from squads_pipeline.store.credit_invariants import CREDIT_INVARIANTS
from squads_pipeline.store.finding_invariants import FINDING_INVARIANTS, STATES
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from squads_pipeline.store.harvest_invariants import HARVEST_INVARIANTS
from squads_pipeline.store.invariants import INVARIANTS, Finding, Findings
from squads_pipeline.store.roster_invariants import ROSTER_INVARIANTS
from squads_pipeline.store.seal_findings import Tell
from squads_pipeline.store.seals import Chain

_LINKS: Final = "Every sealed transfer with its entries, hashed again, is what the chain says."
_HEAD: Final = "The chain contains the head that was given."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one invariant: its number, what it says, and what breaks it."""

    number: str
    description: str
    findings: tuple[Finding, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Verified:
    """All verdicts, and the newest transfer that they cover."""

    verdicts: list[Verdict]
    through_transfer: int | None


def verify(engine: Engine, console: Console | None) -> Verified:
    """Check everything in one snapshot, which writers do not disturb; says on `console` how far it is."""
    verdicts = []
    with snapshot(engine) as connection:
        through = verifications.newest_transfer(connection)
        for number, description, find in checks():
            if console is not None and console.is_terminal:
                console.print(f"[dim]{number} {escape(description)}[/]", end="\r")
            found = find(connection, None)
            verdicts.append(Verdict(number, description, found.first, found.total))
    return Verified(verdicts, through)


def record(engine: Engine, verified: Verified) -> None:
    """Write down that the ledger was verified and what did not hold, for `squads status`."""
    broken = [verdict.number for verdict in verified.verdicts if verdict.total]
    findings = sum(verdict.total for verdict in verified.verdicts)
    with engine.begin() as connection:
        verifications.record(connection, findings, list(dict.fromkeys(broken)), verified.through_transfer)


def verify_chain(engine: Engine, wanted: bytes | None, tell: Tell) -> tuple[Chain, list[Verdict]]:
    """Check the hash chain alone in one snapshot; `wanted` is a head of earlier, which it must contain."""
    with snapshot(engine) as connection:
        found = seal_findings.links_since(connection, None, tell)
        verdicts = [Verdict(seal_findings.NUMBER, _LINKS, found.first, found.total)]
        for one in (seal_findings.SEALS, seal_findings.OVERLOOKED):
            found = one.find(connection, None)
            verdicts.append(Verdict(one.number, one.description, found.first, found.total))
        if wanted is not None:
            found = seal_findings.missing_head(connection, wanted)
            verdicts.append(Verdict(seal_findings.NUMBER, _HEAD, found.first, found.total))
        return seals.chain(connection), verdicts


def document(verdicts: Sequence[Verdict]) -> Mapping[str, Any]:
    """For a program."""
    return {
        "ok": not any(verdict.total for verdict in verdicts),
        "invariants": [
            {
                "invariant": verdict.number,
                "description": verdict.description,
                "ok": verdict.total == 0,
                "findings": verdict.total,
                "first": [asdict(finding) for finding in verdict.findings],
            }
            for verdict in verdicts
        ],
    }


def show(out: Console, verdicts: Sequence[Verdict]) -> None:
    """For a person."""
    for verdict in verdicts:
        mark = "[red]FAIL[/]" if verdict.total else "[green]OK[/]  "
        out.print(f"{mark} {verdict.number:<4} {escape(verdict.description)}")
        for finding in verdict.findings:
            said = f"{finding.subject}: expected {finding.expected}, found {finding.found}"
            out.print(f"       {said}", markup=False)
        if verdict.total > len(verdict.findings):
            out.print(f"       … and {verdict.total - len(verdict.findings):,} more")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database throughout, and may not write."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def checks() -> Iterator[tuple[str, str, Callable[[Connection, date | None], Findings]]]:
    """Yield everything that must hold: its number, what it says, and what finds what breaks it."""
    for one in (
        *INVARIANTS.values(),
        *FORMATION_INVARIANTS,
        *ROSTER_INVARIANTS,
        STATES,
        *FINDING_INVARIANTS,
        *HARVEST_INVARIANTS,
        *CREDIT_INVARIANTS,
    ):
        yield one.number, one.description, one.find
    yield (
        "I6",
        "Every round, recomputed from its contributions, is what was paid, to the µT.",
        audit_matches.findings_between,
    )
    seeds = "Every seed, recomputed from its target's importance, is what it was when the squad was formed."
    yield "I10", seeds, audit_formations.findings_between
    edges = "Every edge that a squad took by itself, decided again from its facts, is the one that it took."
    yield "I10", edges, audit_rosters.findings_between
    yield (
        "I11",
        "Every payment under a pledge, recomputed from its inputs, is what was paid.",
        audit_pledges.findings_between,
    )
    dividends = "Every dividend, recomputed from contributions and provenance of its time, is what was paid."
    yield "I9", dividends, audit_dividends.findings_between
    calibrations = "Every calibration, recomputed from the facts of its moment, says what it said."
    yield "I9", calibrations, audit_calibrations.findings_between
    yield (
        "I7",
        "Every sharing-out, recomputed from its members' work, is what was paid, to the µT.",
        audit_distributions.findings_between,
    )
    yield seal_findings.NUMBER, _LINKS, seal_findings.links_since
    for one in (seal_findings.SEALS, seal_findings.OVERLOOKED):
        yield one.number, one.description, one.find
    verdicts = "Every verdict, recomputed from the reviews of its time, is what was decided."
    yield "I8", verdicts, audit_findings.verdict_findings_between
    credited = "Credited for a merged finding is who was a member when it was reviewed."
    yield "I8", credited, audit_findings.merge_findings_between
