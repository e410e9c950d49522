"""Closes the gap of `reviewed_findings`: verdicts on findings. What reviews and time decide is in `rules.findings`."""

from collections.abc import Sequence

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import close_due
from squads_pipeline.rules.findings import RULE_VERSION, decide
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import overview, policies, runs, verdicts
from squads_pipeline.store.stamp import Stamp

NAME = "review_findings"
GAP = "reviewed_findings"


def review_findings(connection: Connection, run: DriverRun) -> Outcome:
    """Decide about every finding that has its reviews, or whose squad has waited for them long enough.

    The lock on the squad that answers for a finding keeps reviews and a second run out; the moment of the verdict
    is read under it, so that all reviews that count were given before.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)

    def close(units: Sequence[str]) -> Outcome:
        findings = [verdicts.number_of(unit) for unit in units]
        squads = verdicts.lock_homes(connection, findings)
        pending = verdicts.pending(connection, findings, squads)
        now = overview.now(connection)
        judged = [(one, decide(one.case, now, policy)) for one in pending]
        decided = [(one, verdict) for one, verdict in judged if verdict is not None]
        if not decided:
            return NOTHING
        verdicts.record(connection, decided, now, stamp)
        runs.record(connection, units=len(decided), moved_micro=0, stamp=stamp)
        accepted = sum(verdict.verdict == "accepted" for _, verdict in decided)
        late = sum(verdict.reason == "review_timeout" for _, verdict in decided)
        facts: dict[str, int | str] = {
            "accepted": accepted,
            "rejected": len(decided) - accepted,
            "timed_out": late,
        }
        return Outcome(len(decided), 0, facts)

    return close_due(connection, GAP, run, close)
