"""What somebody does, in a sentence for people who watch. It does nothing itself."""

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.surfaces.simulation import actions
from squads_pipeline.surfaces.simulation.actions import Action, Befalling, Funding, Leading, Teaming, Working


def sentence(action: Action) -> str:
    """An action in words."""
    if isinstance(action, Funding):
        return _funding(action)
    if isinstance(action, Teaming):
        return _team(action)
    if isinstance(action, Working):
        return _work(action)
    if isinstance(action, Leading):
        return _lead(action)
    return _event(action)


def _funding(action: Funding) -> str:
    match action:
        case actions.Give():
            return f"{action.agent} gives {format_tokens(action.amount_micro)} tokens to {action.squad}"
        case actions.Sponsor():
            return f"{action.agent} sponsors {action.squad} with {format_tokens(action.amount_micro)} tokens"
        case actions.Pledge():
            return (
                f"{action.agent} pledges to fund {', '.join(action.squads) or 'squads that it cares about'}"
            )
        case actions.Revoke():
            return f"{action.agent} takes the pledge back"
        case actions.Reward():
            tokens = format_tokens(action.amount_micro)
            return f"{action.squad} gets a bonus of {tokens} tokens for {action.criterion}"


def _team(action: Teaming) -> str:
    match action:
        case actions.Form():
            return f"{action.agent} forms {action.squad}"
        case actions.Join():
            return f"{action.agent} bids to join {action.squad} as a {action.role}: {action.pitch}"
        case actions.Decide():
            return f"{action.agent} {'accepts' if action.accept else 'declines'} bid {action.bid_id}"
        case actions.Withdraw():
            return f"{action.agent} withdraws bid {action.bid_id}"
        case actions.Leave():
            return f"{action.agent} leaves {action.squad}"


def _work(action: Working) -> str:
    match action:
        case actions.Log():
            return f"{action.agent} notes in {action.squad}: {action.title}"
        case actions.Find():
            return f"{action.agent} finds in {action.squad}: {action.summary}"
        case actions.Review():
            return f"{action.agent} {action.verdict}s finding {action.finding_id}: {action.rationale}"


def _lead(action: Leading) -> str:
    match action:
        case actions.Harvest():
            return f"{action.agent} asks for the harvest of {action.squad}"
        case actions.Fork():
            tokens = format_tokens(action.amount_micro)
            return f"{action.agent} forks {action.squad} from {action.parent} with {tokens} tokens"
        case actions.Merge():
            return f"{action.agent} would merge {action.squad} into {action.into}"
        case actions.Disband():
            return f"{action.agent} gives {action.squad} up"


def _event(action: Befalling) -> str:
    match action:
        case actions.AddTarget():
            return f"a {action.target.artifact_type} comes up: {action.target.title}"
        case actions.CloseTarget():
            return f"{action.artifact_type} {action.artifact_id} is closed"
        case actions.Derive():
            return f"{action.artifact} builds on {action.source}"
        case actions.Happen():
            return f"{action.artifact_type} {action.artifact_id} was {action.kind}"
