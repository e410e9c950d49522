"""Commands of agents about squads: form, join, decide bids, leave, ask for the harvest. What lapses: a driver."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from squads_pipeline.rules.criteria import MEASURES, parse_criterion
from squads_pipeline.rules.millionths import parse_ppm
from squads_pipeline.surfaces.cli.answers import As, Json, Limit, answering, plain_table, plain_tokens
from squads_pipeline.surfaces.cli.community import TargetType

if TYPE_CHECKING:
    from squads_pipeline.commands.joining import Bid
    from squads_pipeline.store.members import StoredBid

SHOWN = 50
Role = Literal["researcher", "reviewer", "observer"]
Squad = Annotated[
    str, typer.Argument(metavar="SQUAD", help="The squad's id, or its name if no other has it.")
]
Number = Annotated[int, typer.Argument(metavar="BID", help="The bid's number.")]


def _criterion(text: str) -> dict[str, object]:
    try:
        return parse_criterion(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _fit(text: str) -> int:
    try:
        return parse_ppm(text, "fit")
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no fit; write a number from 0 to 1, such as 0.8") from None


def form(
    agent: As,
    charter: Annotated[str, typer.Option(help="The goal, in one paragraph.")],
    squad: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The squad's id; made from the target if left out.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Short name, for people; the id if left out.")] = None,
    target_type: Annotated[TargetType, typer.Option(help="What the squad is about.")] = "gap",
    target_id: Annotated[str | None, typer.Option(help="The artifact; the squad's id if left out.")] = None,
    criterion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE>=NUMBER",
            help=f"What it sets out to reach; measures are {', '.join(MEASURES)}. "
            "One finding merged if left out.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Form a squad, whose first member is the agent; it recruits at once."""
    criteria = [_criterion(one) for one in criterion] if criterion else None
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import forming  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = forming.form(
                connection,
                agent,
                charter=charter,
                name=name,
                squad=squad,
                target_type=target_type,
                target_id=target_id,
                criteria=criteria,
            )
        again = " (formed before; nothing changed)" if done.repeated else ""
        said = f"{agent} formed squad {done.squad_id}, {done.status}{again}"
        document = {
            "agent": agent,
            "squad": done.squad_id,
            "status": done.status,
            "repeated": done.repeated,
        }
        answer.give(document, lambda out: out.print(said, markup=False))


def join(
    squad: Squad,
    agent: As,
    pitch: Annotated[str, typer.Option(help="Why the agent fits, in its own words.")],
    role: Annotated[Role, typer.Option(help="What the agent wants to be.")] = "researcher",
    as_json: Json = False,
) -> None:
    """Bid to join a squad; its members decide with `squads bids decide`."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import joining  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = joining.join(connection, agent, squad, pitch=pitch, role=role)
        again = " (bid before; nothing changed)" if done.repeated else ""
        said = f"{agent} bids to join {done.squad_id} as {role}: bid {done.bid_id}, {done.status}{again}"
        answer.give({"agent": agent, "role": role, **_of(done)}, lambda out: out.print(said, markup=False))


def bids(
    squad: Annotated[
        str | None, typer.Argument(metavar="[SQUAD]", help="Only bids for this squad; its id or name.")
    ] = None,
    decided: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    limit: Limit = SHOWN,
    as_json: Json = False,
) -> None:
    """List bids that wait to be decided, the oldest first."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import members, squads  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            squad_id = None if squad is None else squads.find(connection, squad)
            found = members.listed(connection, squad_id, decided=decided, limit=limit)
        document = {
            "bids": [
                {
                    "bid": one.bid_id,
                    "squad": one.squad_id,
                    "agent": one.agent_id,
                    "role": one.role,
                    "pitch": one.pitch,
                    "status": one.status,
                    "bid_at": one.bid_at.isoformat(),
                    "decided_by": one.decided_by,
                    "fit": _plain_fit(one),
                    "rationale": one.rationale,
                }
                for one in found
            ]
        }
        answer.give(document, lambda out: _show(out, found))


def decide(
    bid: Number,
    agent: As,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="The decision.", show_default=False)],
    rationale: Annotated[str, typer.Option(help="Why.")],
    fit: Annotated[
        int | None,
        typer.Option(
            parser=_fit,
            metavar="SHARE",
            help="How well the pitch fits the charter, such as 0.8; the best leads.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Accept or decline a bid; who is accepted is a member at once."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import joining  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = joining.decide(connection, agent, bid, accept=accept, rationale=rationale, fit_ppm=fit)
        again = " (decided before; nothing changed)" if done.repeated else ""
        said = f"bid {done.bid_id} for {done.squad_id} is {done.status}{again}"
        answer.give({"decided_by": agent, **_of(done)}, lambda out: out.print(said, markup=False))


def withdraw(bid: Number, agent: As, as_json: Json = False) -> None:
    """Take one's own bid back."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import joining  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = joining.withdraw(connection, agent, bid)
        said = f"{agent} takes bid {done.bid_id} for {done.squad_id} back"
        answer.give({"agent": agent, **_of(done)}, lambda out: out.print(said, markup=False))


def leave(squad: Squad, agent: As, as_json: Json = False) -> None:
    """Leave a squad; what the agent did there keeps its score."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import joining  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = joining.leave(connection, agent, squad)
        said = f"{agent} left {done.squad_id}"
        if done.new_lead is not None:
            said += f", which {done.new_lead} leads now"
        if done.harvests:
            said += ", whose harvest begins, as nobody is left to lead it"
        if done.repeated:
            said += " before; nothing changed"
        document = {
            "agent": agent,
            "squad": done.squad_id,
            "new_lead": done.new_lead,
            "harvests": done.harvests,
            "repeated": done.repeated,
        }
        answer.give(document, lambda out: out.print(said, markup=False))


def harvest(squad: Squad, agent: As, as_json: Json = False) -> None:
    """Begin a squad's harvest before its time, as its lead; it takes no contributions from here on."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import harvesting  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            squad_id = harvesting.harvest(connection, agent, squad)
        document = {"agent": agent, "squad": squad_id, "status": "harvesting"}
        answer.give(document, lambda out: out.print(f"{squad_id} is being harvested", markup=False))


def _of(bid: "Bid") -> dict[str, object]:
    return {"bid": bid.bid_id, "squad": bid.squad_id, "status": bid.status, "repeated": bid.repeated}


def _plain_fit(bid: "StoredBid") -> str | None:
    return None if bid.fit_ppm is None else plain_tokens(bid.fit_ppm)


def _show(out: Console, found: "list[StoredBid]") -> None:
    if not found:
        out.print("no bid waits; make one with `squads join SQUAD --pitch … --as AGENT`")
        return
    table = plain_table("bid", "squad", "agent", "role", "status", "fit", "pitch")
    for one in found:
        table.add_row(
            str(one.bid_id),
            escape(one.squad_id),
            escape(one.agent_id),
            one.role,
            one.status,
            _plain_fit(one) or "",
            escape(one.pitch),
        )
    out.print(table)
