"""What somebody does, in a sentence for people who watch. It does nothing itself."""

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.surfaces.simulation.actions import (
    Action,
    AddTarget,
    CloseTarget,
    Decide,
    Derive,
    Disband,
    Find,
    Fork,
    Form,
    Give,
    Happen,
    Harvest,
    Join,
    Leave,
    Log,
    Merge,
    Pledge,
    Review,
    Revoke,
    Reward,
    Sponsor,
    Withdraw,
)


def sentence(action: Action) -> str:
    """An action in words."""
    match action:
        case Give() | Sponsor() | Pledge() | Revoke() | Reward():
            return _funding(action)
        case Form() | Join() | Decide() | Withdraw() | Leave():
            return _team(action)
        case Log() | Find() | Review():
            return _work(action)
        case Harvest() | Fork() | Merge() | Disband():
            return _lead(action)
        case AddTarget() | CloseTarget() | Derive() | Happen():
            return _event(action)


def _funding(action: Give | Sponsor | Pledge | Revoke | Reward) -> str:
    match action:
        case Give():
            return f"{action.agent} gives {format_tokens(action.amount_micro)} tokens to {action.squad}"
        case Sponsor():
            return f"{action.agent} sponsors {action.squad} with {format_tokens(action.amount_micro)} tokens"
        case Pledge():
            return (
                f"{action.agent} pledges to fund {', '.join(action.squads) or 'squads that it cares about'}"
            )
        case Revoke():
            return f"{action.agent} takes the pledge back"
        case Reward():
            tokens = format_tokens(action.amount_micro)
            return f"{action.squad} gets a bonus of {tokens} tokens for {action.criterion}"


def _team(action: Form | Join | Decide | Withdraw | Leave) -> str:
    match action:
        case Form():
            return f"{action.agent} forms {action.squad}"
        case Join():
            return f"{action.agent} bids to join {action.squad} as a {action.role}: {action.pitch}"
        case Decide():
            return f"{action.agent} {'accepts' if action.accept else 'declines'} bid {action.bid_id}"
        case Withdraw():
            return f"{action.agent} withdraws bid {action.bid_id}"
        case Leave():
            return f"{action.agent} leaves {action.squad}"


def _work(action: Log | Find | Review) -> str:
    match action:
        case Log():
            return f"{action.agent} notes in {action.squad}: {action.title}"
        case Find():
            return f"{action.agent} finds in {action.squad}: {action.summary}"
        case Review():
            return f"{action.agent} {action.verdict}s finding {action.finding_id}: {action.rationale}"


def _lead(action: Harvest | Fork | Merge | Disband) -> str:
    match action:
        case Harvest():
            return f"{action.agent} asks for the harvest of {action.squad}"
        case Fork():
            tokens = format_tokens(action.amount_micro)
            return f"{action.agent} forks {action.squad} from {action.parent} with {tokens} tokens"
        case Merge():
            return f"{action.agent} would merge {action.squad} into {action.into}"
        case Disband():
            return f"{action.agent} gives {action.squad} up"


def _event(action: AddTarget | CloseTarget | Derive | Happen) -> str:
    match action:
        case AddTarget():
            return f"a {action.target.artifact_type} comes up: {action.target.title}"
        case CloseTarget():
            return f"{action.artifact_type} {action.artifact_id} is closed"
        case Derive():
            return f"{action.artifact} builds on {action.source}"
        case Happen():
            return f"{action.artifact_type} {action.artifact_id} was {action.kind}"
