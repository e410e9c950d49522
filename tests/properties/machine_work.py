"""Steps of histories: members work, findings are reviewed, and artifacts are credited."""

from functools import partial

import hypothesis.strategies as st
from hypothesis.stateful import rule

from squads_pipeline.commands import (
    contributions_made,
    outcomes,
    provenance,
    work,
)
from tests.properties.economy_machine import ANY, PPM, VERDICTS, Machine, pick
from tests.properties.ledger_model import Finding


class Work(Machine):
    """What is found, and what becomes of it."""

    @rule(which=ANY, who=ANY, verdict=VERDICTS, ppm=PPM, keyed=st.booleans())
    def a_member_works(self, which: int, who: int, verdict: str | None, ppm: int, keyed: bool) -> None:
        member = pick(self.economy.members("active"), which)
        if member is None:
            return
        if which % 3:
            self._find(member.agent_id, member.squad_id, ppm, verdict, who)
        else:
            self._log(member.agent_id, member.squad_id, self.named("entry") if keyed else None)

    def _log(self, agent: str, squad: str, key: str | None) -> None:
        log = partial(work.log, agent=agent, squad=squad, entry_type="note", title="A note", body="Noted.")
        self.must(log, key=key)
        self.model.entries.append((squad, agent))
        if key is not None:
            self.repeatable.append(lambda: self.must(log, key=key).repeated)

    def _find(self, agent: str, squad: str, ppm: int, verdict: str | None, reviewer: int) -> None:
        key = self.named("finding")
        find = partial(work.find, agent=agent, squad=squad, finding_type="evidence", title="It is", key=key)
        found = self.must(find, confidence_ppm=ppm)
        self.model.findings[found.finding_id] = Finding(squad, agent, ppm)
        self.repeatable.append(lambda: self.must(find, confidence_ppm=ppm).repeated)
        if verdict is not None:
            self._review(found.finding_id, reviewer, verdict, None)

    @rule(which=ANY, who=ANY, verdict=VERDICTS, ppm=st.none() | PPM)
    def a_finding_is_reviewed(self, which: int, who: int, verdict: str | None, ppm: int | None) -> None:
        query = "SELECT id FROM squads.squad_findings WHERE bubble_up_status = 'pending' ORDER BY id"
        finding = pick(self.economy.rows(query), which)
        if finding is not None:
            self._review(finding.id, who, verdict or "accept", ppm)

    def _review(self, finding: int, who: int, verdict: str, ppm: int | None) -> None:
        agent, known = self.agent(who), self.model.findings[finding]
        review = partial(work.review, agent=agent, finding_id=finding, verdict=verdict)
        said = self.do(review, rationale="read", confidence_ppm=ppm)
        assert said is None or agent != known.author
        if said is not None and not said.repeated:
            known.reviews.append((agent, verdict, ppm))

    @rule(what=ANY, kind=st.sampled_from(["cited", "replicated", "refuted", "adopted"]))
    def an_outcome_is_seen(self, what: int, kind: str) -> None:
        artifact, evidence = self._artifact(what), self.named("evidence")
        record = partial(outcomes.record, artifact_type=artifact[0], artifact_id=artifact[1], kind=kind)
        made = self.must(record, evidence=evidence, recorded_by="operator")
        self.model.outcomes[made.outcome_id] = (artifact, kind, self.economy.moment)
        self.repeatable.append(lambda: self.must(record, evidence=evidence, recorded_by="operator").repeated)

    def _artifact(self, number: int) -> tuple[str, str]:
        merged = [("finding", str(one)) for one, finding in self.model.findings.items() if finding.merged]
        found = pick([*merged, ("gap", "warm"), ("analysis", "a"), ("hypothesis", "h")], number)
        assert found is not None
        return found

    @rule(what=ANY, source=ANY)
    def an_artifact_is_derived(self, what: int, source: int) -> None:
        derived, origin = self._artifact(what), self._artifact(source)
        made = self.do(provenance.derive, ":".join(derived), ":".join(origin), recorded_by="operator")
        if made is not None and not made.repeated:
            self.model.derived.append((derived, origin, self.economy.moment))

    @rule(who=ANY, what=ANY)
    def an_agent_contributes_elsewhere(self, who: int, what: int) -> None:
        agent, artifact = self.agent(who), self._artifact(what)
        credit = partial(contributions_made.credit, agent=agent, artifact=":".join(artifact))
        self.must(credit, contribution_type="data", reference_id=self.named("set"), recorded_by="operator")
        self.model.made.append((agent, artifact, False, self.economy.moment))
