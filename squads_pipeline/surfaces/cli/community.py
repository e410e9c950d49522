"""Commands that add agents and squads. Money is in `money`, but for an agent's first tokens."""

from typing import Annotated, Literal

import typer

from squads_pipeline.surfaces.cli.answers import Json, amount, answering, money

Kind = Literal["person", "persona", "worker", "agent"]
TargetType = Literal["gap", "hypothesis", "challenge", "analysis"]
Status = Literal["recruiting", "active"]


def add_agent(
    name: Annotated[str, typer.Argument(help="Letters, digits and . _ : -")],
    kind: Annotated[Kind, typer.Option(help="What acts under the name.")] = "agent",
    tokens: Annotated[
        int | None, typer.Option(parser=amount, metavar="AMOUNT", help="Tokens to mint into the wallet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add an agent with a wallet."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import community  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            community.add_agent(connection, name, kind=kind, tokens_micro=tokens or 0)
        held = money("balance", tokens or 0)
        answer.give(
            {"agent": name, "kind": kind, **held},
            lambda out: out.print(f"added agent {name} with {held['balance']} tokens", markup=False),
        )


def add_squad(
    squad: Annotated[str, typer.Argument(metavar="ID", help="Letters, digits and . _ : -")],
    name: Annotated[str | None, typer.Option(help="Short name, for people; the id if left out.")] = None,
    charter: Annotated[str, typer.Option(help="The goal, in one paragraph.")] = "",
    target_type: Annotated[TargetType, typer.Option(help="What the squad is about.")] = "gap",
    target_id: Annotated[str | None, typer.Option(help="The artifact; the squad's id if left out.")] = None,
    status: Annotated[Status, typer.Option(help="Where it begins.")] = "recruiting",
    as_json: Json = False,
) -> None:
    """Add a squad that can be funded, with an empty pool."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import community  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            community.add_squad(
                connection,
                squad,
                name=name,
                charter=charter,
                target_type=target_type,
                target_id=target_id,
                status=status,
            )
        document = {
            "squad": squad,
            "name": name or squad,
            "target_type": target_type,
            "target_id": target_id or squad,
            "status": status,
        }
        answer.give(document, lambda out: out.print(f"added squad {squad}, {status}", markup=False))
