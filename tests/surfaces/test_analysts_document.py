"""`docs/analysts.md`: each question's query, run on the part of the world that it is about, has the answer shown."""

import contextlib
import io
import re
from pathlib import Path
from typing import Final

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from squads_pipeline.store.snapshots import snapshot
from squads_pipeline.surfaces import parquet_tree
from tests.surfaces import analysts_harvest, analysts_world

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "analysts.md"
# A part of the document → what happens before its questions are asked, one part after the other.
PARTS: Final = {
    "Questions about funding": analysts_world.live,
    "Questions about work": analysts_harvest.work_and_harvest,
}
# A question, its query, and the table right below it.
_ANSWERED: Final = re.compile(
    r"^### (?P<question>.+?)$.*?^```sql\n(?P<query>.+?)^```\n(?:\n(?P<answer>(?:\|[^\n]*\n)+))?",
    re.MULTILINE | re.DOTALL,
)


def questions(part: str) -> list[tuple[str, str, str]]:
    """Question, query and answer shown, of those below a heading."""
    texts = DOCUMENT.read_text(encoding="utf-8").split("\n## ")
    (below,) = (text for text in texts if text.startswith(f"{part}\n"))
    return [(one["question"], one["query"], one["answer"] or "") for one in _ANSWERED.finditer(below)]


@pytest.fixture
def world(engine: Engine) -> Engine:
    analysts_world.live(engine)
    return engine


def answer(engine: Engine, query: str) -> str:
    with snapshot(engine) as connection:
        result = connection.execute(text(query.strip().removesuffix(";")))
        heads = list(result.keys())
        rows = [["" if value is None else str(value) for value in row] for row in result]
    return "".join(f"| {' | '.join(line)} |\n" for line in [heads, ["---"] * len(heads), *rows])


def test_every_question_has_the_answer_that_is_shown(engine: Engine) -> None:
    asked = []
    for part, live in PARTS.items():
        live(engine)
        asked += questions(part)
        assert {question: shown for question, _, shown in questions(part)} == {
            question: answer(engine, query) for question, query, _ in questions(part)
        }
    assert len(asked) == DOCUMENT.read_text(encoding="utf-8").count("\n### ")


def test_the_python_does_what_it_says(
    world: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUADS_DATABASE_URL", database_url)
    parquet_tree.export(world, tmp_path / "DIR", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    reading, exported = re.findall(
        r"^```python\n(.+?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(reading, {})  # noqa: S102  # the document's own lines
    assert [line.split()[1:] for line in said.getvalue().splitlines()[1:]] == [
        ["heat-maps", "200.000000", "0.000000", "200.000000"],
        ["sleep", "224.000000", "0.000000", "224.000000"],
        ["proteins", "100.000000", "225.000000", "350.000000"],
    ]
    made: dict[str, pd.DataFrame] = {}
    exec(exported, made)  # noqa: S102  # the document's own lines
    assert len(made["pools"]) == len(analysts_world.SQUADS)
    assert set(made["pools"]["effective_on"].astype(str)) == {"2026-02-04"}
