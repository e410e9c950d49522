"""Commands on squads as a whole: disband, fork, merge; and gifts that no round matches: sponsor, bonus."""

import uuid
from typing import Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Amount, As, Json, Squad, amount, answering, money
from squads_pipeline.surfaces.cli.money import Key

_MANNERS = {
    "by_score": "shared out by score",
    "equal_parts": "shared out in equal parts",
    "refund": "given back to where it came from",
    "empty": "empty",
}


def disband(
    squad: Squad,
    agent: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="AGENT",
            envvar="SQUADS_AGENT",
            help="The squad's lead; without it you ask as the operator.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take a squad one step to its end: begin its harvest, or share its pool out if nothing is left to do."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import disbanding  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            ended = disbanding.disband(connection, agent, squad)
        pool = money("pool", ended.pool_micro)

        def show(out: Console) -> None:
            if ended.manner is None:
                out.print(
                    f"{ended.squad_id} is harvesting: what is left is reviewed, merged and matched",
                    markup=False,
                )
                return
            how = _MANNERS[ended.manner]
            out.print(f"{ended.squad_id} is disbanded, its pool of {pool['pool']} tokens {how}", markup=False)

        document = {"squad": ended.squad_id, "status": ended.status, "manner": ended.manner, **pool}
        answer.give(document, show)


def fork(
    parent: Squad,
    agent: As,
    charter: Annotated[str, typer.Option(help="What the fork is to find out, in one paragraph.")],
    tokens: Annotated[
        int, typer.Option(parser=amount, metavar="AMOUNT", help="Part of the pool that the fork is given.")
    ],
    squad: Annotated[
        str | None, typer.Option("--id", help="The fork's id; its parent's with a number if left out.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Short name, for people; the id if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Open a fork of a squad that you lead, with a part of its pool; it recruits."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import forking  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = forking.fork(
                connection, agent, parent, charter=charter, amount_micro=tokens, squad=squad, name=name
            )
        given = money("amount", done.amount_micro)
        document = {"squad": done.squad_id, "parent": done.parent_id, "depth": done.depth, **given}
        said = f"{done.squad_id} is forked from {done.parent_id} with {given['amount']} tokens, and recruits"
        answer.give(document, lambda out: out.print(said, markup=False))


def merge(
    squad: Annotated[str, typer.Argument(help="The squad to absorb, by id or name.")],
    into: Annotated[str, typer.Argument(help="The squad that goes on, by id or name.")],
    agent: As,
    as_json: Json = False,
) -> None:
    """Say as a lead that one squad is to be merged into another; it is done when both leads say so."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import merging  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = merging.merge(connection, agent, squad, into)
        swept = money("swept", done.swept_micro)

        def show(out: Console) -> None:
            if done.merged:
                said = f"{done.squad_id} is merged into {done.into_id}, with {swept['swept']} tokens"
            else:
                again = " (said before; nothing changed)" if done.repeated else ""
                said = f"proposed to merge {done.squad_id} into {done.into_id}; waits for {done.waits_for}{again}"
            out.print(said, markup=False)

        document = {
            "squad": done.squad_id,
            "into": done.into_id,
            "merged": done.merged,
            **swept,
            "waits_for": done.waits_for,
            "repeated": done.repeated,
        }
        answer.give(document, show)


def sponsor(squad: Squad, tokens: Amount, agent: As, key: Key = None, as_json: Json = False) -> None:
    """Move tokens from an agent's wallet into a squad's pool without asking for a match."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import funding  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        used = key or f"sponsor:{uuid.uuid4()}"
        with session() as engine, engine.begin() as connection:
            done = funding.sponsor(connection, agent, squad, tokens, key=used)
        given = money("amount", done.amount_micro)
        again = " (recorded before; nothing moved)" if done.repeated else ""
        said = f"{agent} sponsors {done.squad_id} with {given['amount']} tokens{again}"
        document = {"agent": agent, "squad": done.squad_id, **given, "key": used, "repeated": done.repeated}
        answer.give(document, lambda out: out.print(said, markup=False))


def bonus(
    squad: Squad,
    criterion: Annotated[str, typer.Argument(help="The success criterion, by its measure.")],
    tokens: Amount,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Say as the operator that the criterion is met.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Reward a squad from the treasury for a success criterion that it has met; once for each."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import funding  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = funding.bonus(connection, squad, criterion, tokens, confirmed=confirm)
        given = money("amount", done.amount_micro)
        again = " (paid before; nothing moved)" if done.repeated else ""
        said = f"{done.squad_id} is rewarded for {criterion} with {given['amount']} tokens{again}"
        document = {"squad": done.squad_id, "criterion": criterion, **given, "repeated": done.repeated}
        answer.give(document, lambda out: out.print(said, markup=False))
