"""Charts on small frames: well-formed, the same again, and with a mark for each thing that they show."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date

import matplotlib
import pandas as pd
import pytest

from squads_pipeline.marts.plots import crowds, gallery, look, lorenz

DAY = date(2026, 2, 3)
TOKEN = 1_000_000
SVG = "{http://www.w3.org/2000/svg}"
LARGEST_BYTES = 24_000
"""In base64 a third more, which is half of what an event should hold."""


def frame(columns: str, *rows: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def matches(*rows: tuple[str, int, int, int]) -> pd.DataFrame:
    return frame("squad_id contributors contributed_micro match_micro", *rows)


def pools(*rows: tuple[str, int, int, int, int, int]) -> pd.DataFrame:
    lines = "seeds_micro contributions_micro matches_micro other_grants_micro payouts_micro"
    return frame(f"squad_id {lines}", *rows)


def parts(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return frame("squad_id agent_id share_micro", *rows)


def payments(*rows: tuple[str, int]) -> pd.DataFrame:
    return frame("kind amount_micro", *rows)


def compared(*rows: tuple[str, float, float], correlation: float | None = 0.5) -> pd.DataFrame:
    told = [(*row, len(rows), correlation) for row in rows]
    return frame("agent_id paid_rank credit_rank agents rank_correlation", *told)


EMPTY = {
    "qf_matches": matches(),
    "squad_pools": pools(),
    "harvest_distributions": parts(),
    "fairness": payments(),
    "policy_calibration": compared(),
}
FEW = {
    "qf_matches": matches(
        ("x", 3, 30 * TOKEN, 60 * TOKEN), ("y", 2, 20 * TOKEN, 0), ("z", 9, 9 * TOKEN, TOKEN)
    ),
    "squad_pools": pools(
        ("x", 0, 10 * TOKEN, 20 * TOKEN, 0, 0), ("y", 5 * TOKEN, 0, 0, 0, 7 * TOKEN), ("idle", 0, 0, 0, 0, 0)
    ),
    "harvest_distributions": parts(("x", "ada", 75 * TOKEN), ("x", "bo", 25 * TOKEN), ("x", "cy", 0)),
    "fairness": payments(("match", TOKEN), ("match", 3 * TOKEN), ("payout", 5 * TOKEN)),
    "policy_calibration": compared(("ada", 1, 3), ("bo", 2, 2), ("cy", 3, 1)),
}
MANY = {
    "qf_matches": matches(
        *((f"s{one}", one % 97 + 1, one**2 * 1_000 + 1, one * 777) for one in range(5_000))
    ),
    "squad_pools": pools(*((f"s{one}", one * 3, one * 5, one * 7, one, one * 2) for one in range(5_000))),
    "harvest_distributions": parts(*((f"s{one % 400}", f"a{one}", one + 1) for one in range(8_000))),
    "fairness": payments(*((kind, one**3 + 1) for kind in lorenz.KINDS for one in range(5_000))),
    "policy_calibration": compared(*((f"a{one}", one + 1, one * 71 % 300 + 1) for one in range(300))),
}


def drawn(name: str, rows: pd.DataFrame) -> ET.Element:
    return ET.fromstring(gallery.draw(name, rows, DAY, "svg"))  # noqa: S314  # our own


def texts(chart: ET.Element) -> list[str]:
    return [one.text or "" for one in chart.iter(f"{SVG}text")]


def marks(chart: ET.Element, prefix: str) -> dict[str, ET.Element]:
    found = {one.get("id", ""): one for one in chart.iter(f"{SVG}g")}
    return {name: one for name, one in found.items() if name.startswith(prefix)}


@pytest.mark.parametrize("rows", [EMPTY, FEW, MANY], ids=["empty", "few", "many"])
@pytest.mark.parametrize("name", gallery.READERS)
def test_every_chart_is_a_small_picture_and_the_same_again(name: str, rows: dict[str, pd.DataFrame]) -> None:
    once, again = (gallery.draw(name, rows[name], DAY, "svg") for _ in range(2))
    assert once == again
    assert len(once) < LARGEST_BYTES
    chart = ET.fromstring(once)  # noqa: S314  # our own
    assert (chart.tag, chart.get("viewBox")) == (f"{SVG}svg", "0 0 432 259.2")
    assert any(str(DAY) in text for text in texts(chart))
    ids = [one.get("id") for one in chart.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", gallery.READERS)
def test_a_chart_of_nothing_says_so(name: str) -> None:
    said = texts(drawn(name, EMPTY[name]))
    assert any(text.startswith("nothing") and text.endswith("yet") for text in said)
    assert not any("nothing" in text and text.endswith("yet") for text in texts(drawn(name, FEW[name])))


@pytest.mark.parametrize("name", gallery.READERS)
def test_the_users_own_style_changes_nothing(name: str) -> None:
    usual = gallery.draw(name, FEW[name], DAY, "svg")
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.fonttype": "path"}):
        assert gallery.draw(name, FEW[name], DAY, "svg") == usual


def test_a_squad_is_a_mark_as_large_as_its_match() -> None:
    chart = drawn("qf_matches", FEW["qf_matches"])
    assert {name: len(list(one.iter(f"{SVG}use"))) for name, one in marks(chart, "matches-").items()} == {
        "matches-0": 1,
        "matches-1": 1,
        "matches-4": 1,
    }
    said = texts(chart)
    assert "3 squads weighed, 61 tokens matched" in said
    assert {"x", "y", "z", "up to 60", "up to 3.75", "nothing"} <= set(said)
    assert {"money: contributed so far, tokens", "crowd: contributors"} <= set(said)


def test_more_money_is_further_right_and_a_larger_crowd_is_further_up() -> None:
    chart = drawn("qf_matches", matches(("x", 2, 20 * TOKEN, TOKEN), ("y", 40, 400 * TOKEN, TOKEN)))
    (group,) = marks(chart, "matches-").values()
    small, large = ((float(one.get("x", 0)), float(one.get("y", 0))) for one in group.iter(f"{SVG}use"))
    assert large[0] > small[0]
    assert large[1] < small[1]


def test_of_thousands_the_largest_matches_are_drawn_and_all_are_counted() -> None:
    chart = drawn("qf_matches", MANY["qf_matches"])
    uses = [one for group in marks(chart, "matches-").values() for one in group.iter(f"{SVG}use")]
    assert len(uses) == crowds.MOST
    assert any("5,000 squads" in text and f"the {crowds.MOST} largest" in text for text in texts(chart))


def test_a_flow_is_a_bar_of_its_line_and_nothing_has_none() -> None:
    chart = drawn("squad_pools", FEW["squad_pools"])
    bars = [
        name
        for line in ("seeds", "contributions", "matches", "other", "payouts")
        for name in marks(chart, line)
    ]
    assert bars == ["seeds-1", "contributions-0", "matches-0", "payouts-1"]
    said = texts(chart)
    assert "35 tokens came into 2 pools, 7 went out" in said
    assert {"x", "y", "seeds", "contributions", "matches", "paid out"} <= set(said)
    assert not {"idle", "other grants"} & set(said)


def test_amounts_are_told_to_the_micro_token() -> None:
    chart = drawn("squad_pools", pools(("x", 0, 2**53 + 1, 0, 0, 0)))
    assert "9,007,199,254.740993 tokens came into 1 pool, 0 went out" in texts(chart)


def test_a_share_is_a_part_of_its_pools_bar() -> None:
    chart = drawn("harvest_distributions", FEW["harvest_distributions"])
    assert list(marks(chart, "share-")) == ["share-0-0", "share-0-1"]
    said = texts(chart)
    assert "1 pool of 100 tokens shared out" in said
    assert {"ada", "bo", "x", "100", "largest share", "second"} <= set(said)
    assert "cy" not in said


def test_small_shares_are_drawn_together() -> None:
    chart = drawn("harvest_distributions", parts(*(("x", f"a{one}", TOKEN) for one in range(10))))
    assert list(marks(chart, "share-")) == [f"share-0-{place}" for place in range(5)]
    assert "6 others" in texts(chart)


def test_a_lorenz_curve_ends_where_all_have_all() -> None:
    assert lorenz.curve_of([3, 1]) == ([0, 50, 100], [0, 25, 100])
    shown, together = lorenz.curve_of(range(1, 10_001))
    assert (shown[0], together[0], shown[-1], together[-1]) == (0, 0, 100, 100)
    assert len(shown) < 100
    chart = drawn("fairness", FEW["fairness"])
    assert list(marks(chart, "curve-")) == ["curve-match", "curve-payout"]
    assert {"2 received, Gini 0.250", "1 received, Gini 0.000"} <= set(texts(chart))


def test_an_agent_is_on_its_side_of_the_diagonal() -> None:
    chart = drawn("policy_calibration", FEW["policy_calibration"])
    assert list(marks(chart, "agents-")) == ["agents-0", "agents-1", "agents-2"]
    said = texts(chart)
    assert {"ada", "cy", "3 agents, rank correlation 0.500"} <= set(said)
    assert "bo" not in said
    undefined = drawn("policy_calibration", compared(("ada", 1, 1), correlation=None))
    assert "1 agent, rank correlation undefined" in texts(undefined)


def test_names_are_text_and_never_markup() -> None:
    name = "$<b>&x$"
    said = texts(drawn("harvest_distributions", parts((name, name, TOKEN))))
    assert said.count(name) == 2


@pytest.mark.parametrize(
    ("micro", "shown"),
    [(0, "0"), (9_999, "under 0.01"), (10_000, "0.01"), (1_999_999, "1.99"), (1_234_567_890, "1,234")],
)
def test_amounts_beside_marks_are_cut_short(micro: int, shown: str) -> None:
    assert look.about(micro) == shown


@pytest.mark.parametrize("name", gallery.READERS)
def test_a_png_is_one(name: str) -> None:
    assert gallery.draw(name, FEW[name], DAY, "png").startswith(b"\x89PNG")
