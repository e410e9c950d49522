"""Commands about pledges: `squads pledge` and `squads pledges`. Paying under them is the pipeline's work."""

from typing import Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import As, Json, amount, answering, money, plain_table

ANY = "any squad"


def pledge(
    agent: As,
    squads: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SQUAD]...", help="The only squads to fund, the dearest first; none for any."
        ),
    ] = None,
    reserve: Annotated[
        int | None, typer.Option(parser=amount, metavar="TOKENS", help="What the wallet is to keep.")
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the agent's pledge.")] = False,
    as_json: Json = False,
) -> None:
    """Consent to fund squads automatically, a few in each cycle; replaces the agent's pledge so far."""
    if revoke and (squads or reserve is not None):
        raise typer.BadParameter(
            "it ends the whole pledge; leave out squads and --reserve, or leave out --revoke",
            param_hint="--revoke",
        )
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import pledging  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        if revoke:
            with session() as engine, engine.begin() as connection:
                pledging.revoke(connection, agent)
            document = {"agent": agent, "revoked": True}
            answer.give(document, lambda out: out.print(f"{agent} takes the pledge back", markup=False))
            return
        with session() as engine, engine.begin() as connection:
            given = pledging.pledge(connection, agent, squads or (), reserve_micro=reserve or 0)
        kept = money("reserve", given.reserve_micro)

        def show(out: Console) -> None:
            again = " (said before; nothing changed)" if given.repeated else ""
            whom = ", ".join(given.squads) or ANY
            out.print(
                f"{agent} pledges to fund {whom}, keeping {kept['reserve']} tokens{again}", markup=False
            )

        answer.give({"agent": agent, "squads": list(given.squads), **kept, "repeated": given.repeated}, show)


def pledges(as_json: Json = False) -> None:
    """List the pledges in force."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import pledges as store  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            found = store.in_force(connection)
        document = {
            "pledges": [
                {
                    "agent": one.agent_id,
                    "squads": one.squads,
                    **money("reserve", one.reserve_micro),
                    "pledged_at": one.pledged_at.isoformat(),
                }
                for one in found
            ]
        }

        def show(out: Console) -> None:
            if not found:
                out.print("no pledge is in force; give one with `squads pledge --as AGENT`")
                return
            table = plain_table("agent", "squads", "keeps, tokens", "since (UTC)")
            for one in found:
                kept = str(money("reserve", one.reserve_micro)["reserve"])
                whom = ", ".join(one.squads) or ANY
                table.add_row(one.agent_id, whom, kept, f"{one.pledged_at:%Y-%m-%d %H:%M:%S}")
            out.print(table)

        answer.give(document, show)
