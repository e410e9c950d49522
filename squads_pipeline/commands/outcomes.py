"""Recording what became of artifacts: cited, replicated, refuted, adopted. Paying for it is a driver."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.commands.forms import require_choice
from squads_pipeline.commands.recorders import artifact_named, refuse_own_gain, require_recorder
from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.store import outcomes
from squads_pipeline.store.errors import IdempotencyConflictError, NotFoundError, RefusedError
from squads_pipeline.store.outcomes import Outcome
from squads_pipeline.store.schema.credit import OUTCOME_KINDS

LONGEST_EVIDENCE = 4_000


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """An outcome as it stands; repeated when it was recorded before and nothing was written."""

    outcome_id: int
    repeated: bool


def record(
    connection: Connection,
    artifact_type: str,
    artifact_id: str,
    kind: str,
    *,
    evidence: str,
    recorded_by: str,
    key: str | None = None,
) -> RecordedOutcome:
    """Record an outcome of an artifact; its dividend is paid to all who helped it come about.

    What was seen in the same evidence is the same outcome, and is recorded once, whoever records it. Nobody
    records an outcome that would pay themselves, at the artifact or along its provenance; an operator may.

    Args:
        connection: the caller commits it.
        artifact_type: such as finding, hypothesis, analysis.
        artifact_id: its id.
        kind: cited, replicated, refuted or adopted.
        evidence: where it can be seen, such as a link; 4,000 characters at most.
        recorded_by: the agent who records it, or ``operator``.
        key: names the request; one that is repeated adds nothing.

    Raises:
        NotFoundError: no such agent or finding.
        RefusedError: an argument is not allowed, or the recorder would be paid.
        IdempotencyConflictError: the key belongs to another outcome.
    """
    outcome = Outcome(artifact_named(f"{artifact_type}:{artifact_id}"), kind, evidence.strip())
    _require_sound(outcome)
    require_recorder(connection, recorded_by)
    repeated = _known(connection, outcome, key)
    if repeated is not None:
        return repeated
    _require_finding(connection, outcome.artifact)
    refuse_own_gain(connection, recorded_by, outcome.artifact, "its outcome")
    added = outcomes.add(connection, outcome, recorded_by=recorded_by, key=key)
    if added is not None:
        return RecordedOutcome(added, repeated=False)
    repeated = _known(connection, outcome, key)  # somebody recorded it at the same time
    if repeated is None:
        raise AssertionError("an outcome was refused as a repetition, and is not there")
    return repeated


def _known(connection: Connection, outcome: Outcome, key: str | None) -> RecordedOutcome | None:
    known = outcomes.find(connection, outcome, key)
    if known is None:
        return None
    if known.outcome != outcome:
        raise IdempotencyConflictError(
            f"Key {key!r} belongs to another outcome, {known.outcome.artifact} {known.outcome.kind}",
            "Use a new key for a new outcome; send the same arguments to repeat one.",
        )
    return RecordedOutcome(known.id, repeated=True)


def _require_sound(outcome: Outcome) -> None:
    require_choice(outcome.kind, OUTCOME_KINDS, "kind of outcome")
    if not 0 < len(outcome.evidence) <= LONGEST_EVIDENCE or "\x00" in outcome.evidence:
        raise RefusedError(
            "An outcome needs evidence",
            f"Say where it can be seen, such as a link, in {LONGEST_EVIDENCE:,} characters or less.",
        )


def _require_finding(connection: Connection, artifact: Artifact) -> None:
    """A finding is ours to know; other artifacts live in the knowledge graph."""
    if artifact.type != "finding":
        return
    known = artifact.id.isascii() and artifact.id.isdigit() and len(artifact.id) < 19  # noqa: PLR2004
    if not known or not outcomes.finding_exists(connection, int(artifact.id)):
        raise NotFoundError(
            f"There is no finding {artifact.id}", "See them with `squads table squad_findings`."
        )
