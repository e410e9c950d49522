"""What members do in a squad: log, find; and what anybody may do with a finding: review it. Verdicts are a driver's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from squads_pipeline.commands.forms import artifact, require_choice, require_confidence, require_texts
from squads_pipeline.rules.work import why_not_found, why_not_logged, why_not_reviewed
from squads_pipeline.store import agents, squads, work
from squads_pipeline.store.errors import IdempotencyConflictError, NotFoundError, RefusedError
from squads_pipeline.store.schema.work import ENTRY_TYPES, FINDING_TYPES, VERDICTS
from squads_pipeline.store.work import Known

_FOR_MEMBERS: Final = (
    "Leads, researchers and reviewers log and find while their squad is active; observers write notes."
)
_FOR_REVIEWERS: Final = (
    "Any agent but the author reviews what is pending; see it with `squads findings --pending`."
)


@dataclass(frozen=True, slots=True)
class Logged:
    """A journal entry; `repeated` if its key was known and nothing was written."""

    entry_id: int
    squad_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A finding; `repeated` if its key was known and nothing was written."""

    finding_id: int
    squad_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review; `repeated` if the reviewer had said exactly this before and nothing was written."""

    review_id: int
    repeated: bool


def log(
    connection: Connection,
    agent: str,
    squad: str,
    entry_type: str,
    title: str,
    body: str,
    *,
    references: Sequence[str] = (),
    key: str | None = None,
) -> Logged:
    """Write an entry into a squad's journal.

    Args:
        connection: the caller commits it.
        agent: a present member; an observer writes notes alone.
        squad: id, or name if no other squad has it; active.
        entry_type: progress, finding, block, decision, milestone or note.
        title: what it is about, on one line.
        body: the entry itself.
        references: artifacts that it refers to, each ``type:id``.
        key: names the request; the same request with the same key is written once.

    Raises:
        NotFoundError: no such agent or squad.
        RefusedError: a rule or the form forbids it.
        IdempotencyConflictError: the key belongs to another request.
    """
    require_choice(entry_type, ENTRY_TYPES, "type of journal entry")
    require_texts(title=title, body=body)
    artifacts = [":".join(artifact(one)) for one in references]
    squad_id, status = squads.hold_status(connection, squad)
    content = (agent, squad_id, entry_type, title, body, artifacts)

    def write() -> int | None:
        role = _role(connection, squad_id, agent)
        reason = why_not_logged(status=status, role=role, entry_type=entry_type)
        _refuse(reason, f"{agent} cannot log in {squad_id}", _FOR_MEMBERS)
        return work.log(connection, agent, squad_id, entry_type, title, body, artifacts, key)

    number, repeated = _once(connection, key, content, work.entry_of_key, write)
    return Logged(number, squad_id, repeated)


def find(
    connection: Connection,
    agent: str,
    squad: str,
    finding_type: str,
    title: str,
    *,
    summary: str | None = None,
    confidence_ppm: int = 500_000,
    target: tuple[str, str] | None = None,
    key: str | None = None,
) -> Found:
    """Record a finding, which then waits for reviews.

    Args:
        connection: the caller commits it.
        agent: a present member, no observer.
        squad: id, or name if no other squad has it; active.
        finding_type: hypothesis, evidence, kg_edge, wiki_edit, analysis or review.
        title: the finding, on one line.
        summary: the finding with its evidence.
        confidence_ppm: how sure the author is, in millionths, 0 to 1,000,000.
        target: type and id of the artifact that it bears on; None for the squad's target.
        key: names the request; the same request with the same key is written once.

    Raises:
        NotFoundError: no such agent, squad, or finding to bear on.
        RefusedError: a rule or the form forbids it.
        IdempotencyConflictError: the key belongs to another request.
    """
    require_choice(finding_type, FINDING_TYPES, "type of finding")
    require_texts(title=title, **({} if summary is None else {"summary": summary}))
    require_confidence(confidence_ppm)
    bears_on = None if target is None else artifact(":".join(target))
    squad_id, status = squads.hold_status(connection, squad)
    content = (agent, squad_id, finding_type, title, summary, confidence_ppm, *(bears_on or (None, None)))

    def write() -> int | None:
        role = _role(connection, squad_id, agent)
        reason = why_not_found(status=status, role=role)
        _refuse(reason, f"{agent} cannot record findings in {squad_id}", _FOR_MEMBERS)
        _require_known_finding(connection, bears_on)
        return work.find(
            connection,
            agent,
            squad_id,
            finding_type,
            title,
            summary=summary,
            confidence_ppm=confidence_ppm,
            target=bears_on,
            key=key,
        )

    number, repeated = _once(connection, key, content, work.finding_of_key, write)
    return Found(number, squad_id, repeated)


def review(
    connection: Connection,
    agent: str,
    finding_id: int,
    verdict: str,
    *,
    rationale: str,
    confidence_ppm: int | None = None,
) -> Reviewed:
    """Review a pending finding of another's; each reviewer does so once.

    Args:
        connection: the caller commits it.
        agent: the reviewer: any agent but the author.
        finding_id: number of the finding; its squad is active or harvesting.
        verdict: accept or reject.
        rationale: why.
        confidence_ppm: how sure the reviewer is that it holds, in millionths; None to leave it at the author's.

    Raises:
        NotFoundError: no such agent or finding.
        RefusedError: a rule or the form forbids it, or the reviewer has said otherwise before.
    """
    require_choice(verdict, VERDICTS, "verdict")
    require_texts(rationale=rationale)
    if confidence_ppm is not None:
        require_confidence(confidence_ppm)
    agents.require(connection, agent)
    held = work.hold_finding(connection, finding_id) if 0 < finding_id < 2**63 else None
    if held is None:
        raise NotFoundError(f"There is no finding {finding_id}", "See them with `squads findings`.")
    said = (verdict, rationale, confidence_ppm)
    before = work.review_of(connection, finding_id, agent)
    if before is None:
        reason = why_not_reviewed(
            squad_status=held.squad_status, finding_status=held.status, author=held.author, reviewer=agent
        )
        _refuse(reason, f"{agent} cannot review finding {finding_id}", _FOR_REVIEWERS)
        number = work.review(connection, agent, finding_id, *said)
        if number is not None:
            return Reviewed(number, repeated=False)
        before = work.review_of(connection, finding_id, agent)
    if before is None or before.content != said:
        raise RefusedError(
            f"{agent} has reviewed finding {finding_id} and said otherwise",
            "A review is never changed; another agent may give another.",
        )
    return Reviewed(before.id, repeated=True)


def _once(
    connection: Connection,
    key: str | None,
    content: tuple[Any, ...],
    find_known: Callable[[Connection, str], Known | None],
    write: Callable[[], int | None],
) -> tuple[int, bool]:
    """Write unless the key was known: the number, and whether it is repeated.

    A repeated request is answered as the first one was, whatever has become of the squad since.
    """
    if key is not None:
        require_texts(key=key)
    known = None if key is None else find_known(connection, key)
    if known is None:
        number = write()
        if number is not None:
            return number, False
        known = None if key is None else find_known(connection, key)
    if known is None or known.content != content:
        raise IdempotencyConflictError(
            f"The key {key} belongs to another request",
            "Use a new key for a new request; send the same arguments to repeat one.",
        )
    return known.id, True


def _role(connection: Connection, squad_id: str, agent: str) -> str | None:
    role = work.hold_role(connection, squad_id, agent)
    if role is None:
        agents.require(connection, agent)
    return role


def _refuse(reason: str | None, what: str, remedy: str) -> None:
    if reason is not None:
        raise RefusedError(f"{what}: {reason}", remedy)


def _require_known_finding(connection: Connection, bears_on: tuple[str, str] | None) -> None:
    """A finding that bears on a finding names one that exists: so never itself, and never in a circle."""
    if bears_on is None or bears_on[0] != "finding":
        return
    number = bears_on[1]
    plain = number.isascii() and number.isdecimal() and not number.startswith("0") and len(number) < 19  # noqa: PLR2004
    if not plain or not work.finding_exists(connection, int(number)):
        raise NotFoundError(f"There is no finding {number} to bear on", "See them with `squads findings`.")
