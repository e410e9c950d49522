"""The data dictionary: docs/tables.md is what the database says, and its examples run."""

from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.store import catalog
from squads_pipeline.store.catalog import Described, Relation
from squads_pipeline.store.schema.examples import EXAMPLES
from squads_pipeline.store.snapshots import snapshot
from squads_pipeline.surfaces import dictionary
from tests.surfaces import analysts_world
from tests.surfaces.conftest import Squads

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_document_is_current(squads: Squads, tmp_path: Path) -> None:
    """If not: `squads db dictionary --out docs/tables.md`."""
    printed = squads("db", "dictionary").out
    assert printed.splitlines() == DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert squads("db", "dictionary", "--out", str(tmp_path / "tables.md")).code == 0
    assert (tmp_path / "tables.md").read_text(encoding="utf-8") == printed


def test_every_example_runs(engine: Engine) -> None:
    analysts_world.live(engine)
    with snapshot(engine) as connection:
        relations = catalog.relations(connection)
        for one in relations:
            asked = dictionary.query(one)
            assert one.full_name in asked
            connection.execute(text(asked)).all()
    assert set(EXAMPLES) <= {one.full_name for one in relations}


def test_examples_answer_what_they_ask(engine: Engine) -> None:
    analysts_world.live(engine)

    def first(name: str) -> list[object]:
        with snapshot(engine) as connection:
            return [str(value) for value in connection.execute(text(EXAMPLES[name])).first() or ()]

    assert first("squads.squad_grants") == ["quadratic_funding", "13", "569.000000"]
    assert first("squads.contributions") == ["ada", "10.000000", "10.000000"]
    assert first("squads.transfers") == ["contribution", "27", "240.000000"]
    assert first("squads.squad_events") == ["forming", "13", "0:00:00"]
    assert first("marts.squad_pools") == ["2026-02-03", "40.000000", "160.000000", "200.000000"]


def test_a_product_is_exact_where_a_quotient_is_not(engine: Engine) -> None:
    """As the dictionary tells."""
    with engine.connect() as connection:
        query = "SELECT (:micro * 0.000001)::text, (:micro / 1000000.0)::text"
        exact, rounded = connection.execute(text(query), {"micro": 2**63 - 1}).one()
    assert (exact, rounded) == ("9223372036854.775807", "9223372036854.7758")


def test_units_keys_and_bars_are_shown() -> None:
    columns = (
        Described("id", "bigint", False, "Number"),
        Described("paid_micro", "bigint", False, "a|b"),
        Described("share_ppm", "integer", True, "Share"),
        Described("at", "timestamp with time zone", True, "When"),
    )
    made = dictionary.markdown(
        [Relation("squads", "things", False, "A thing.", columns, ("id",), ("UNIQUE (share_ppm)",))]
    )
    for line in (
        "| [`squads.things`](#squadsthings) | A thing. |",
        "| `paid_micro` | bigint | µT | no | a\\|b |",
        "| `share_ppm` | integer | ppm | yes | Share |",
        "| `at` | timestamp with time zone | UTC | yes | When |",
        "- PRIMARY KEY (id)",
        "- UNIQUE (share_ppm)",
        "SELECT *\nFROM squads.things\nORDER BY id DESC\nLIMIT 10;",
    ):
        assert line in made


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_begin_with_their_question(name: str) -> None:
    assert EXAMPLES[name].strip().splitlines()[0].endswith("?")
