"""Doing what somebody chose, by the command that any agent uses for it. It chooses nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Engine

from squads_pipeline.commands import (
    disbanding,
    forking,
    forming,
    funding,
    harvesting,
    joining,
    merging,
    outcomes,
    pledging,
    provenance,
    targets,
    work,
)
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.surfaces.simulation.actions import (
    Action,
    AddTarget,
    CloseTarget,
    Decide,
    Derive,
    Disband,
    Find,
    Fork,
    Form,
    Give,
    Happen,
    Harvest,
    Join,
    Leave,
    Log,
    Merge,
    Pledge,
    Review,
    Revoke,
    Reward,
    Sponsor,
    Withdraw,
)

OPERATOR: Final = "operator"
"""Who brings up targets and records what became of findings."""


@dataclass(slots=True)
class Tally:
    """How often each kind of action was done, and how often it was refused, by name."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def perform_all(engine: Engine, actions: Iterable[Action], key: str, tally: Tally) -> None:
    """Do some actions one after the other; one that is refused leaves no trace but in the tally.

    Args:
        engine: each action is a transaction of its own, as a command is.
        actions: what to do.
        key: names this turn; a turn that is repeated under its key moves nothing twice.
        tally: counts what was done.
    """
    for number, action in enumerate(actions):
        name = type(action).__name__
        try:
            with engine.begin() as connection:
                perform(connection, action, f"{key}:{number}")
            tally.done[name] += 1
        except SquadsError:
            tally.refused[name] += 1


def perform(connection: Connection, action: Action, key: str) -> None:
    """Do one action.

    Args:
        connection: the caller commits it.
        action: what to do.
        key: idempotency key, for commands that take one.

    Raises:
        SquadsError: the command refused it.
    """
    match action:
        case Give() | Sponsor() | Pledge() | Revoke() | Reward():
            _fund(connection, action, key)
        case Form() | Join() | Decide() | Withdraw() | Leave():
            _team(connection, action)
        case Log() | Find() | Review():
            _work(connection, action, key)
        case Harvest() | Fork() | Merge() | Disband():
            _lead(connection, action)
        case AddTarget() | CloseTarget() | Derive() | Happen():
            _befall(connection, action, key)


def _fund(connection: Connection, action: Give | Sponsor | Pledge | Revoke | Reward, key: str) -> None:
    match action:
        case Give():
            funding.contribute(connection, action.agent, action.squad, action.amount_micro, key=key)
        case Sponsor():
            funding.sponsor(connection, action.agent, action.squad, action.amount_micro, key=key)
        case Pledge():
            pledging.pledge(connection, action.agent, action.squads, reserve_micro=action.reserve_micro)
        case Revoke():
            pledging.revoke(connection, action.agent)
        case Reward():
            funding.bonus(connection, action.squad, action.criterion, action.amount_micro)


def _team(connection: Connection, action: Form | Join | Decide | Withdraw | Leave) -> None:
    match action:
        case Form():
            forming.form(
                connection,
                action.agent,
                charter=action.charter,
                name=action.name,
                squad=action.squad,
                target_type=action.target_type,
                target_id=action.target_id,
                criteria=action.criteria,
            )
        case Join():
            joining.join(connection, action.agent, action.squad, pitch=action.pitch, role=action.role)
        case Decide():
            joining.decide(
                connection,
                action.agent,
                action.bid_id,
                accept=action.accept,
                rationale=action.rationale,
                fit_ppm=action.fit_ppm,
            )
        case Withdraw():
            joining.withdraw(connection, action.agent, action.bid_id)
        case Leave():
            joining.leave(connection, action.agent, action.squad)


def _work(connection: Connection, action: Log | Find | Review, key: str) -> None:
    match action:
        case Log():
            work.log(
                connection,
                action.agent,
                action.squad,
                action.entry_type,
                action.title,
                action.body,
                key=key,
            )
        case Find():
            work.find(
                connection,
                action.agent,
                action.squad,
                action.finding_type,
                action.title,
                summary=action.summary,
                confidence_ppm=action.confidence_ppm,
                key=key,
            )
        case Review():
            work.review(
                connection,
                action.agent,
                action.finding_id,
                action.verdict,
                rationale=action.rationale,
                confidence_ppm=action.confidence_ppm,
            )


def _lead(connection: Connection, action: Harvest | Fork | Merge | Disband) -> None:
    match action:
        case Harvest():
            harvesting.harvest(connection, action.agent, action.squad)
        case Fork():
            forking.fork(
                connection,
                action.agent,
                action.parent,
                charter=action.charter,
                amount_micro=action.amount_micro,
                squad=action.squad,
                name=action.name,
            )
        case Merge():
            merging.merge(connection, action.agent, action.squad, action.into)
        case Disband():
            disbanding.disband(connection, action.agent, action.squad)


def _befall(connection: Connection, action: AddTarget | CloseTarget | Derive | Happen, key: str) -> None:
    match action:
        case AddTarget():
            targets.add_target(connection, action.target)
        case CloseTarget():
            targets.close_target(connection, action.artifact_type, action.artifact_id)
        case Derive():
            provenance.derive(
                connection, action.artifact, action.source, relation=action.relation, recorded_by=OPERATOR
            )
        case Happen():
            outcomes.record(
                connection,
                action.artifact_type,
                action.artifact_id,
                action.kind,
                evidence=action.evidence,
                recorded_by=OPERATOR,
                key=key,
            )
