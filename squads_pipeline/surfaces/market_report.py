"""The squad market for a person or a program, live by the mart's own function. What is offered, the mart says."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text
from sqlalchemy import Connection

from squads_pipeline.marts.squad_market import market
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import market as offers
from squads_pipeline.store import runs
from squads_pipeline.surfaces.cli.answers import money, plain_table

Row = Mapping[str, Any]
"""A row of ``marts.squad_market``; None for what is not known."""


def read(connection: Connection) -> list[Row]:
    """The open squads as they stand now, the largest expected match first."""
    today = runs.today(connection)
    terms = offers.terms(connection, today)
    found = market(
        offers.open_squads(connection, today),
        effective_on=today,
        as_of=terms.as_of,
        matching_pool_micro=terms.matching_pool_micro,
        policy=terms.policy,
    )
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in found.to_dict("records")
    ]


def document(rows: Sequence[Row]) -> Mapping[str, Any]:
    """For a program."""
    return {"squads": [_document(row) for row in rows]}


def _document(row: Row) -> dict[str, Any]:
    expected = row["expected_match_micro"]
    return {
        "squad": row["squad_id"],
        "name": row["name"],
        "status": row["status"],
        "target_type": row["target_artifact_type"],
        "target_id": row["target_artifact_id"],
        "importance_ppm": row["importance_ppm"],
        **money("pool", row["pool_micro"]),
        "contributors": row["contributors"],
        **(
            {"expected_match": None, "expected_match_micro": None}
            if expected is None
            else money("expected_match", expected)
        ),
        "dividend_multiplier": str(row["dividend_multiplier"].normalize()),
        "places_left": row["places_left"],
        "ends_at": row["ends_at"] and row["ends_at"].isoformat(),
        "seconds_left": row["seconds_left"],
    }


def show(out: Console, rows: Sequence[Row], limit: int) -> None:
    """For a person."""
    if not rows:
        out.print("no squad is open; one is formed around an important target: `squads targets add`")
        return
    shown = plain_table(
        "squad",
        "status",
        "target",
        "importance",
        "pool",
        "contributors",
        "match of 1 token more",
        "dividends",
        "places",
        "time left",
    )
    for row in rows[:limit]:
        shown.add_row(*map(Text, _cells(row)))
    out.print(shown)
    if len(rows) > limit:
        out.print(f"… and {len(rows) - limit:,} more")


def _cells(row: Row) -> list[str]:
    importance, expected = row["importance_ppm"], row["expected_match_micro"]
    return [
        row["squad_id"],
        row["status"],
        f"{row['target_artifact_type']} {row['target_artifact_id']}",
        "unknown" if importance is None else format_tokens(importance),
        format_tokens(row["pool_micro"]),
        f"{row['contributors']:,}",
        "unknown" if expected is None else format_tokens(expected),
        f"{row['dividend_multiplier'].normalize():f}-fold",
        str(row["places_left"]),
        _time(row["seconds_left"]),
    ]


def _time(seconds: int | None) -> str:
    if seconds is None:
        return "open"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    return f"{days} d {hours} h" if days else f"{hours} h {rest // 60} min"
