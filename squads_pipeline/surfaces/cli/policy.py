"""Commands for the policy. What it may say is in `rules.policy`, where it is kept in `store.policies`."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Json, answering, plain_table

if TYPE_CHECKING:
    from squads_pipeline.rules.policy import Change, Policy

PolicyFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A policy in TOML with every parameter; see `policy show --toml`."),
]


def show(
    toml: Annotated[bool, typer.Option("--toml", help="As a policy file, to edit and apply.")] = False,
    as_json: Json = False,
) -> None:
    """Show the policy in force, parameter by parameter."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.rules.policy import policy_id  # noqa: PLC0415
        from squads_pipeline.store import policies  # noqa: PLC0415
        from squads_pipeline.surfaces import policy_texts  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            policy = policies.current(connection)
        document = {"policy_id": policy_id(policy), "parameters": policy_texts.values(policy)}
        if toml:
            answer.give(
                {**document, "toml": policy_texts.toml(policy)},
                lambda out: out.out(policy_texts.toml(policy), end="", highlight=False),
            )
        else:
            answer.give(document, lambda out: out.print(policy_texts.table(policy)))


def diff(file: PolicyFile, as_json: Json = False) -> None:
    """Show what a policy file would change."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.rules import policy as rules  # noqa: PLC0415
        from squads_pipeline.store import policies  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        proposed = _read(file)
        with session() as engine, engine.connect() as connection:
            now = policies.current(connection)
        changes = rules.diff(now, proposed)
        document = {
            "policy_id": rules.policy_id(now),
            "proposed_id": rules.policy_id(proposed),
            "changes": [change_document(one) for one in changes],
        }
        answer.give(document, lambda out: show_changes(out, changes))


def apply(
    file: PolicyFile,
    reason: Annotated[str, typer.Option(help="Why; part of the record.")],
    as_json: Json = False,
) -> None:
    """Put a policy file in force."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.rules import policy as rules  # noqa: PLC0415
        from squads_pipeline.store import policies  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        proposed = _read(file)
        with session() as engine, engine.begin() as connection:
            now = policies.current(connection)
            changes = rules.diff(now, proposed)
            if changes:
                policies.adopt(connection, proposed, adopted_by=user(), reason=reason)
        identity = rules.policy_id(proposed)

        def said(out: Console) -> None:
            show_changes(out, changes)
            if changes:
                out.print(f"policy {identity} is in force", markup=False)

        document = {
            "policy_id": identity,
            "adopted": bool(changes),
            "changes": list(map(change_document, changes)),
        }
        answer.give(document, said)


def _read(file: Path) -> "Policy":
    from squads_pipeline.rules.policy import parse_policy  # noqa: PLC0415
    from squads_pipeline.store.errors import RefusedError  # noqa: PLC0415

    try:
        return parse_policy(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise RefusedError(f"{file} is not UTF-8 text", "Give a policy in TOML.") from error
    except OSError as error:
        raise RefusedError(
            f"{file} cannot be read: {error.strerror}", "Give the name of a policy file."
        ) from error


def change_document(change: "Change") -> dict[str, str]:
    """A change for a program."""
    return {"parameter": change.name, "now": change.before, "then": change.after}


def show_changes(out: Console, changes: "list[Change]") -> None:
    """Changes for a person."""
    if not changes:
        out.print("the file says what is in force; nothing changes")
        return
    table = plain_table("parameter", "now", "then")
    for change in changes:
        table.add_row(change.name, change.before, change.after)
    out.print(table)


def user() -> str:
    """Who gives the command, by the operating system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "operator"
