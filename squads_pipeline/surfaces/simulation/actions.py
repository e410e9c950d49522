"""What anybody in the community may do, as values: one class for each command. Doing it is in `performing`."""

from collections.abc import Mapping
from dataclasses import dataclass

from squads_pipeline.rules.formation import Target


@dataclass(frozen=True, slots=True)
class Give:
    """Contribute to a squad; µT."""

    agent: str
    squad: str
    amount_micro: int


@dataclass(frozen=True, slots=True)
class Sponsor:
    """Sponsor a squad, which is not matched; µT."""

    agent: str
    squad: str
    amount_micro: int


@dataclass(frozen=True, slots=True)
class Pledge:
    """Consent to fund some squads, or any, automatically; the reserve in µT."""

    agent: str
    squads: tuple[str, ...]
    reserve_micro: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """End a pledge."""

    agent: str


@dataclass(frozen=True, slots=True)
class Form:
    """Form a squad around an artifact of one's own choice."""

    agent: str
    squad: str
    name: str
    charter: str
    target_type: str
    target_id: str
    criteria: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Bid for a seat."""

    agent: str
    squad: str
    role: str
    pitch: str


@dataclass(frozen=True, slots=True)
class Decide:
    """Accept or decline a bid; the fit in millionths."""

    agent: str
    bid_id: int
    accept: bool
    rationale: str
    fit_ppm: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take a bid back."""

    agent: str
    bid_id: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave a squad."""

    agent: str
    squad: str


@dataclass(frozen=True, slots=True)
class Log:
    """Write into a squad's journal."""

    agent: str
    squad: str
    entry_type: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Find:
    """Record a finding; the confidence in millionths."""

    agent: str
    squad: str
    finding_type: str
    title: str
    summary: str
    confidence_ppm: int


@dataclass(frozen=True, slots=True)
class Review:
    """Accept or reject another's finding; the confidence in millionths."""

    agent: str
    finding_id: int
    verdict: str
    rationale: str
    confidence_ppm: int


@dataclass(frozen=True, slots=True)
class Harvest:
    """Ask for the harvest of a squad that one leads."""

    agent: str
    squad: str


@dataclass(frozen=True, slots=True)
class Fork:
    """Open a child of a squad that one leads, with a part of its pool; µT."""

    agent: str
    parent: str
    squad: str
    name: str
    charter: str
    amount_micro: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Propose, or agree, that a squad goes on in another."""

    agent: str
    squad: str
    into: str


@dataclass(frozen=True, slots=True)
class Disband:
    """End a squad."""

    agent: str
    squad: str


@dataclass(frozen=True, slots=True)
class AddTarget:
    """Bring up an artifact that matters."""

    target: Target


@dataclass(frozen=True, slots=True)
class CloseTarget:
    """Declare a target answered, or not worth another squad."""

    artifact_type: str
    artifact_id: str


@dataclass(frozen=True, slots=True)
class Reward:
    """Give a squad a milestone bonus for a criterion; µT."""

    squad: str
    criterion: str
    amount_micro: int


@dataclass(frozen=True, slots=True)
class Derive:
    """Record that an artifact was derived from another, both as ``type:id``."""

    artifact: str
    source: str
    relation: str


@dataclass(frozen=True, slots=True)
class Happen:
    """Record what became of an artifact: cited, replicated, refuted or adopted."""

    artifact_type: str
    artifact_id: str
    kind: str
    evidence: str


Funding = Give | Sponsor | Pledge | Revoke | Reward
Teaming = Form | Join | Decide | Withdraw | Leave
Working = Log | Find | Review
Leading = Harvest | Fork | Merge | Disband
Befalling = AddTarget | CloseTarget | Derive | Happen

Action = Funding | Teaming | Working | Leading | Befalling
