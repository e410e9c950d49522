"""Commands that move money: contribute and mint. The import has a module of its own."""

import uuid
from typing import Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Amount, As, Json, Squad, answering, money

Key = Annotated[
    str | None,
    typer.Option(help="Names this request; the same request with the same key moves nothing twice."),
]


def contribute(
    squad: Squad,
    amount: Amount,
    agent: As,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Move tokens from an agent's wallet into a squad's pool; the next round matches them."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import funding  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        used = key or f"contribute:{uuid.uuid4()}"
        with session() as engine, engine.begin() as connection:
            done = funding.contribute(connection, agent, squad, amount, key=used)
        tokens = money("amount", done.amount_micro)
        document = {"agent": agent, "squad": done.squad_id, **tokens, "key": used, "repeated": done.repeated}

        def show(out: Console) -> None:
            again = " (recorded before; nothing moved)" if done.repeated else ""
            out.print(f"{agent} gave {tokens['amount']} tokens to {done.squad_id}{again}", markup=False)

        answer.give(document, show)


def mint(
    account: Annotated[str, typer.Argument(help="treasury, matching_pool or wallet:<agent>.")],
    amount: Amount,
    reason: Annotated[str, typer.Option(help="Why; part of the record.")],
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Issue new tokens into an account."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import funding  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        used = key or f"mint:{account}:{uuid.uuid4()}"
        with session() as engine, engine.begin() as connection:
            posted = funding.mint(connection, account, amount, key=used, reason=reason)
        repeated = posted.posted == 0
        tokens = money("amount", amount)

        def show(out: Console) -> None:
            again = " (minted before; nothing moved)" if repeated else ""
            out.print(f"minted {tokens['amount']} tokens into {account}{again}", markup=False)

        answer.give({"account": account, **tokens, "key": used, "repeated": repeated}, show)
