"""Whatever moves has its line: opening and lines give the closing for every kind of transfer, in and out."""

from datetime import date

import pandas as pd
import pytest

from squads_pipeline.marts import agent_statements, squad_pools, token_supply
from squads_pipeline.marts.statements import Layout, state
from squads_pipeline.store.schema.ledger import TRANSFER_KINDS

DAY = date(2026, 2, 3)


@pytest.mark.parametrize("kind", TRANSFER_KINDS)
@pytest.mark.parametrize("amount", [7, -7])
@pytest.mark.parametrize("layout", [agent_statements.LAYOUT, squad_pools.LAYOUT, token_supply.LAYOUT])
def test_each_kind_is_in_one_line_and_in_the_closing(layout: Layout, amount: int, kind: str) -> None:
    holders = pd.DataFrame([("h", DAY, 100)], columns=[layout.holder, "opened_on", "opening_micro"])
    flows = pd.DataFrame(
        [(DAY, "h", kind, amount)], columns=["effective_on", layout.holder, "kind", "amount_micro"]
    )
    [row] = state(layout, holders, flows, [DAY], quiet=True).to_dict("records")
    assert row["closing_micro"] == 100 + amount
    assert sum(row[line] for line in layout.added) - sum(row[line] for line in layout.taken_off) == amount
    assert sum(row[line] != 0 for line in layout.lines) == 1
