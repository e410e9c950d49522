"""Tells the model what drivers have decided, and compares what they moved. No amount is read from the database."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row

from squads_pipeline.drivers.run import Outcome
from squads_pipeline.store import gaps
from tests.properties.ledger_model import Model
from tests.properties.living_economy import Economy

Tell = Callable[[Outcome], None]
LIVE = ("recruiting", "active", "harvesting")


class Watch:
    """Looks at the economy before a driver runs, and tells the model of what it did."""

    def __init__(self, economy: Economy, model: Model) -> None:
        self.economy = economy
        self.model = model
        self.seen: dict[str, set[Any]] = {}
        self.watches: dict[str, Callable[[], Tell]] = {
            "squads_formed": self._forming,
            "pledged_contributions": self._pledges,
            "qf_matches": self._matching,
            "bubbled_findings": self._merging,
            "harvest_distributions": self._sharing_out,
            "credit_dividends": self._dividends,
        }

    def drive(self, gap: str) -> None:
        """Run a driver until its gap is closed."""
        self.economy.drive(gap, self.watches.get(gap, lambda: _moved_nothing))

    def _new(self, query: str) -> list[Row[Any]]:
        """Rows that were written since the last look, told by their first column."""
        seen = self.seen.setdefault(query, set())
        found = [row for row in self.economy.rows(query) if row[0] not in seen]
        seen.update(row[0] for row in found)
        return found

    def _forming(self) -> Tell:
        at_work = [squad.id for squad in self.economy.squads("forming", "recruiting", "active")]

        def tell(outcome: Outcome) -> None:
            formed = self._new(
                """SELECT squad_id, importance_ppm FROM squads.squads_formed
                   ORDER BY importance_ppm DESC, artifact_type, artifact_id"""
            )
            if outcome.facts:
                told = [(row.squad_id, row.importance_ppm) for row in formed]
                assert outcome.moved_micro == self.model.form(self.economy.today, at_work, told)

        return tell

    def _pledges(self) -> Tell:
        def tell(outcome: Outcome) -> None:
            moved = 0
            for paid in self._new(
                """SELECT made.transfer_id, made.agent_id, made.squad_id, pledge.reserve_micro
                   FROM squads.pledged_contributions AS made JOIN squads.pledges AS pledge ON pledge.id = made.pledge_id
                   ORDER BY made.agent_id, made.slot"""
            ):
                moved += self.model.pledge(paid.agent_id, paid.reserve_micro, [paid.squad_id])
            assert outcome.moved_micro == moved
            cycles = self.economy.rows(
                "SELECT count(DISTINCT squad_id) AS n FROM squads.pledged_contributions GROUP BY agent_id, cycle"
            )
            assert all(one.n <= 3 for one in cycles)

        return tell

    def _matching(self) -> Tell:
        live = [squad.id for squad in self.economy.squads(*LIVE)]

        def tell(outcome: Outcome) -> None:
            if outcome.facts:
                assert outcome.moved_micro == self.model.match(self.economy.today, live)

        return tell

    def _merging(self) -> Tell:
        def tell(outcome: Outcome) -> None:
            _moved_nothing(outcome)
            for merged in self._new(
                "SELECT finding_id, artifact_type, artifact_id FROM squads.bubbled_findings"
            ):
                finding = ("finding", str(merged.finding_id))
                self.model.findings[merged.finding_id].merged = True
                self.model.derived.append(
                    ((merged.artifact_type, merged.artifact_id), finding, self.economy.moment)
                )
                credited = self.economy.rows(
                    """SELECT agent_id FROM squads.agent_contributions
                       WHERE artifact_type = 'finding' AND artifact_id = :finding AND via_squad IS NOT NULL""",
                    finding=finding[1],
                )
                self.model.made += [(row.agent_id, finding, True, self.economy.moment) for row in credited]

        return tell

    def _sharing_out(self) -> Tell:
        recruiting = {squad.id for squad in self.economy.squads("recruiting")}

        def tell(outcome: Outcome) -> None:
            self.shared_out(outcome.moved_micro, recruiting)

        return tell

    def shared_out(self, moved_micro: int, recruiting: set[str]) -> None:
        """Tell of pools that were shared out, by a driver or because somebody asked."""
        ended = {}
        for row in self._new("SELECT squad_id FROM squads.distributions"):
            members = self.economy.rows(
                "SELECT agent_id, role FROM squads.squad_members WHERE squad_id = :squad", squad=row.squad_id
            )
            roles = {member.agent_id: member.role for member in members}
            ended[row.squad_id] = (roles, row.squad_id in recruiting)
        assert moved_micro == self.model.distribute(ended)

    def _dividends(self) -> Tell:
        waiting = [
            int(unit.removeprefix("outcome:"))
            for unit in gaps.due(self.economy.connection, "credit_dividends", 100)
        ]

        def tell(outcome: Outcome) -> None:
            in_order = sorted(waiting, key=lambda number: (self.model.outcomes[number][2], number))
            settled, moved = self.model.pay_dividends(in_order, self.economy.today)
            assert outcome.moved_micro == moved
            assert {row.outcome_id for row in self._new("SELECT outcome_id FROM squads.dividends")} == set(
                settled
            )

        return tell


def _moved_nothing(outcome: Outcome) -> None:
    assert outcome.moved_micro == 0
