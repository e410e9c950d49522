"""Doing what somebody chose, by the command that any agent uses for it. It chooses nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

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
from squads_pipeline.commands.recorders import OPERATOR
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.surfaces.simulation import actions
from squads_pipeline.surfaces.simulation.actions import Action, Befalling, Funding, Leading, Teaming, Working


@dataclass(slots=True)
class Tally:
    """How often each kind of action was done, and how often it was refused, by name."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def perform_all(engine: Engine, doing: Iterable[Action], key: str, tally: Tally) -> None:
    """Do some actions one after the other; one that is refused leaves no trace but in the tally.

    Args:
        engine: each action is a transaction of its own, as a command is.
        doing: what to do.
        key: names this turn; a turn that is repeated under its key moves nothing twice.
        tally: counts what was done.
    """
    for number, action in enumerate(doing):
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
    if isinstance(action, Funding):
        _fund(connection, action, key)
    elif isinstance(action, Teaming):
        _team(connection, action)
    elif isinstance(action, Working):
        _work(connection, action, key)
    elif isinstance(action, Leading):
        _lead(connection, action)
    else:
        _befall(connection, action, key)


def _fund(connection: Connection, action: Funding, key: str) -> None:
    match action:
        case actions.Give():
            funding.contribute(connection, action.agent, action.squad, action.amount_micro, key=key)
        case actions.Sponsor():
            funding.sponsor(connection, action.agent, action.squad, action.amount_micro, key=key)
        case actions.Pledge():
            pledging.pledge(connection, action.agent, action.squads, reserve_micro=action.reserve_micro)
        case actions.Revoke():
            pledging.revoke(connection, action.agent)
        case actions.Reward():
            funding.bonus(connection, action.squad, action.criterion, action.amount_micro)


def _team(connection: Connection, action: Teaming) -> None:
    match action:
        case actions.Form():
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
        case actions.Join():
            joining.join(connection, action.agent, action.squad, pitch=action.pitch, role=action.role)
        case actions.Decide():
            joining.decide(
                connection,
                action.agent,
                action.bid_id,
                accept=action.accept,
                rationale=action.rationale,
                fit_ppm=action.fit_ppm,
            )
        case actions.Withdraw():
            joining.withdraw(connection, action.agent, action.bid_id)
        case actions.Leave():
            joining.leave(connection, action.agent, action.squad)


def _work(connection: Connection, action: Working, key: str) -> None:
    match action:
        case actions.Log():
            work.log(
                connection,
                action.agent,
                action.squad,
                action.entry_type,
                action.title,
                action.body,
                key=key,
            )
        case actions.Find():
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
        case actions.Review():
            work.review(
                connection,
                action.agent,
                action.finding_id,
                action.verdict,
                rationale=action.rationale,
                confidence_ppm=action.confidence_ppm,
            )


def _lead(connection: Connection, action: Leading) -> None:
    match action:
        case actions.Harvest():
            harvesting.harvest(connection, action.agent, action.squad)
        case actions.Fork():
            forking.fork(
                connection,
                action.agent,
                action.parent,
                charter=action.charter,
                amount_micro=action.amount_micro,
                squad=action.squad,
                name=action.name,
            )
        case actions.Merge():
            merging.merge(connection, action.agent, action.squad, action.into)
        case actions.Disband():
            disbanding.disband(connection, action.agent, action.squad)


def _befall(connection: Connection, action: Befalling, key: str) -> None:
    match action:
        case actions.AddTarget():
            targets.add_target(connection, action.target)
        case actions.CloseTarget():
            targets.close_target(connection, action.artifact_type, action.artifact_id)
        case actions.Derive():
            provenance.derive(
                connection, action.artifact, action.source, relation=action.relation, recorded_by=OPERATOR
            )
        case actions.Happen():
            outcomes.record(
                connection,
                action.artifact_type,
                action.artifact_id,
                action.kind,
                evidence=action.evidence,
                recorded_by=OPERATOR,
                key=key,
            )
