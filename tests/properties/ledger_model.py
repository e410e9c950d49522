"""The money of the economy as DESIGN.md has it, in plain Python: a dictionary of balances, and what moves them.

Nothing here uses the rules or the store, so that a mistake of theirs is not repeated. What the database decides (which
squads are formed, who is a member, what is due) is told to the model; every amount is computed here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.properties.model_arithmetic import allot, largest_remainder, weight

TOKEN = 1_000_000
SEED_RATE = 5_000 * TOKEN
DUST = TOKEN
DIVIDENDS = {"cited": 50 * TOKEN, "replicated": 200 * TOKEN, "adopted": 500 * TOKEN, "refuted": 0}
POINTS = {"entry": 1, "finding": 5, "merged": 20, "review": 3}

Artifact = tuple[str, str]


@dataclass
class Finding:
    squad: str
    author: str
    confidence_ppm: int
    reviews: list[tuple[str, str, int | None]] = field(default_factory=list)
    merged: bool = False

    @property
    def agreed_ppm(self) -> int:
        stated = [ppm for _, verdict, ppm in self.reviews if verdict == "accept" and ppm is not None]
        return sum(stated) // len(stated) if stated else self.confidence_ppm


def _nested() -> defaultdict[str, defaultdict[str, int]]:
    return defaultdict(lambda: defaultdict(int))


@dataclass
class Model:
    """Every account's balance in µT, and what the coming payments depend on."""

    treasury_target: int
    matching_target: int
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    minted: set[tuple[str, object]] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    waiting: list[tuple[str, str, int]] = field(default_factory=list)
    totals: defaultdict[str, defaultdict[str, int]] = field(default_factory=_nested)
    matched: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    sources: defaultdict[str, defaultdict[str, int]] = field(default_factory=_nested)
    arrears: dict[str, int] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    entries: list[tuple[str, str]] = field(default_factory=list)
    findings: dict[int, Finding] = field(default_factory=dict)
    made: list[tuple[str, Artifact, bool, int]] = field(default_factory=list)
    derived: list[tuple[Artifact, Artifact, int]] = field(default_factory=list)
    outcomes: dict[int, tuple[Artifact, str, int]] = field(default_factory=dict)

    def move(self, payer: str, receiver: str, micro: int) -> None:
        assert micro > 0
        self.balances[payer] -= micro
        self.balances[receiver] += micro

    def grant(self, payer: str, squad: str, micro: int) -> None:
        """Money into a pool, which a refund would give back to where it came from."""
        self.move(payer, f"squad:{squad}", micro)
        self.sources[squad][payer] += micro

    def contribute(self, agent: str, squad: str, micro: int) -> None:
        self.grant(f"wallet:{agent}", squad, micro)
        self.waiting.append((squad, agent, micro))

    def correct(self, payer: str, receiver: str, micro: int) -> None:
        """Move back a part of what went from a payer to a receiver."""
        self.move(receiver, payer, micro)
        if receiver.startswith("squad:"):
            self.sources[receiver.removeprefix("squad:")][payer] -= micro

    def top_up(self, account: str, day: object) -> int:
        target = self.treasury_target if account == "treasury" else self.matching_target
        missing = target - self.balances[account]
        if missing <= 0 or (account, day) in self.minted:
            return 0
        self.minted.add((account, day))
        self.move("issuance", account, missing)
        return missing

    def form(self, day: object, at_work: Iterable[str], formed: Sequence[tuple[str, int]]) -> int:
        """Seeds: first those in arrears, by id, then those of the squads now formed (with their importance)."""
        moved = self.top_up("treasury", day)
        for squad in sorted(set(self.arrears) & set(at_work)):
            moved += self._pay_seed(squad, self.arrears[squad])
        for squad, importance_ppm in formed:
            moved += self._pay_seed(squad, importance_ppm * SEED_RATE // 1_000_000)
        return moved

    def _pay_seed(self, squad: str, missing: int) -> int:
        paid = min(missing, self.balances["treasury"])
        if paid:
            self.grant("treasury", squad, paid)
        self.arrears[squad] = missing - paid
        if missing == paid:
            del self.arrears[squad]
        return paid

    def match(self, day: object, live: Iterable[str]) -> int:
        """A round: all that waits is claimed, and every live squad with something due is weighed."""
        moved = self.top_up("matching_pool", day)
        budget = self.balances["matching_pool"] // 4
        for squad, agent, micro in self.waiting:
            self.totals[squad][agent] += micro
        self.waiting.clear()
        due = {}
        for squad in live:
            heavy = [total for total in self.totals[squad].values() if total >= DUST]
            owed = weight(heavy) - self.matched[squad] if len(heavy) >= 2 else 0
            if owed > 0:
                due[squad] = owed
        for squad, micro in allot(due, budget, budget // 4).items():
            if micro:
                self.grant("matching_pool", squad, micro)
                self.matched[squad] += micro
                moved += micro
        return moved

    def pledge(self, agent: str, reserve: int, squads: Sequence[str]) -> int:
        """Pay under a pledge: a twentieth of what the wallet holds, from 1 to 50 tokens, the reserve left alone."""
        moved = 0
        for squad in squads:
            balance = self.balances[f"wallet:{agent}"]
            assert balance >= 100 * TOKEN
            assert balance - reserve >= TOKEN
            micro = min(max(balance // 20, TOKEN), 50 * TOKEN, balance - reserve)
            self.contribute(agent, squad, micro)
            moved += micro
        return moved

    def within(self, squad: str) -> set[str]:
        """The squad and those merged into it."""
        return {squad} | {one for one, home in self.home.items() if home == squad}

    def merge(self, squad: str, into: str) -> None:
        swept = self.balances[f"squad:{squad}"]
        if swept:
            self.move(f"squad:{squad}", f"squad:{into}", swept)
            self.sources[into][f"squad:{squad}"] += swept
        self.closed.add(f"squad:{squad}")
        for one in self.within(squad):
            self.home[one] = into

    def score(self, squad: str, agent: str) -> int:
        """In millionths of a point."""
        mine = self.within(squad)
        points = POINTS["entry"] * sum(where in mine and who == agent for where, who in self.entries)
        merged = 0
        for finding in self.findings.values():
            if finding.squad in mine:
                points += POINTS["finding"] * (finding.author == agent)
                points += POINTS["review"] * sum(reviewer == agent for reviewer, _, _ in finding.reviews)
                merged += finding.agreed_ppm * (finding.merged and finding.author == agent)
        return points * 1_000_000 + POINTS["merged"] * merged

    def distribute(self, ended: Mapping[str, tuple[Mapping[str, str], bool]]) -> int:
        """Share out the pools of squads that end together: squad → (member → role, whether it is abandoned)."""
        closed = set(self.closed)
        moved = 0
        for squad, (members, abandoned) in sorted(ended.items()):
            pool = self.balances[f"squad:{squad}"]
            moved += pool
            workers = [agent for agent, role in members.items() if role != "observer"]
            weights = {agent: self.score(squad, agent) for agent in workers}
            if not any(weights.values()):
                weights = dict.fromkeys(workers, 1)
            if abandoned or not weights:
                parts = largest_remainder(pool, self._refunded(squad, closed))
            else:
                shares = largest_remainder(pool, weights)
                parts = {f"wallet:{agent}": micro for agent, micro in shares.items()}
            for account, micro in parts.items():
                if micro:
                    self.move(f"squad:{squad}", account, micro)
            self.closed.add(f"squad:{squad}")
        return moved

    def _refunded(self, squad: str, closed: set[str]) -> dict[str, int]:
        mine = self.within(squad)
        sums: defaultdict[str, int] = defaultdict(int)
        for one in mine:
            for account, micro in self.sources[one].items():
                if account.removeprefix("squad:") not in mine:
                    sums[account] += micro
        totals: defaultdict[str, int] = defaultdict(int)
        for account, micro in sums.items():
            if micro > 0:
                totals["treasury" if account in closed else account] += micro
        return totals or {"treasury": 1}

    def credit(self, outcome: int) -> dict[str, Fraction]:
        """Agent → weight in an outcome, along provenance as it was when the outcome was recorded."""
        start, _, when = self.outcomes[outcome]
        distance, edge = {start: 0}, {start}
        for hops in (1, 2, 3):
            steps = {source for what, source, at in self.derived if what in edge and at <= when}
            edge = steps - set(distance)
            distance |= dict.fromkeys(edge, hops)
        weights: defaultdict[str, Fraction] = defaultdict(Fraction)
        for artifact, hops in distance.items():
            refuted = sum(
                (what, kind) == (artifact, "refuted") and (at, number) < (when, outcome)
                for number, (what, kind, at) in self.outcomes.items()
            )
            mine = [(agent, via) for agent, what, via, at in self.made if what == artifact and at <= when]
            for agent in {one for one, _ in mine}:
                counted = [via for one, via in mine if one == agent]
                mean = Fraction(sum(2 if via else 1 for via in counted), len(counted))
                repeated = 1 + min(Fraction(1, 2), Fraction(len(counted) - 1, 20))
                weights[agent] += mean * repeated / 2 ** (hops + refuted)
        return dict(weights)

    def pay_dividends(self, waiting: Sequence[int], day: object) -> tuple[list[int], int]:
        """Settle outcomes in their order, each whole or not at all: those that are settled, and µT moved."""
        worth = {one: DIVIDENDS[self.outcomes[one][1]] if self.credit(one) else 0 for one in waiting}
        moved = self.top_up("treasury", day) if any(worth.values()) else 0
        settled = []
        for one in waiting:
            if worth[one] > self.balances["treasury"]:
                continue
            settled.append(one)
            if worth[one]:
                for agent, micro in largest_remainder(worth[one], self.credit(one)).items():
                    if micro:
                        self.move("treasury", f"wallet:{agent}", micro)
                        moved += micro
        return settled, moved
