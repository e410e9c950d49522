"""Why money moved, for a person as a tree and for a program: who or what is asked about. Derivations: `derivation`."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree
from sqlalchemy import Connection

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import derivations, ledger
from squads_pipeline.store.derivations import Moved
from squads_pipeline.surfaces.derivation import of_transfer
from squads_pipeline.surfaces.nodes import Node, by_kind, in_short


def read(connection: Connection, subject: str) -> Node:
    """The tree of a transfer, by number or idempotency key, or of a squad's or an agent's money.

    Raises:
        NotFoundError: it is none of these, or several.
    """
    moved = _transfer(connection, subject)
    if moved is not None:
        return of_transfer(connection, moved)
    kind, owner = derivations.owner(connection, subject)
    account = ledger.pool(owner) if kind == "squad" else ledger.wallet(owner)
    return _of_account("squad" if kind == "squad" else "agent", owner, account, connection)


def _transfer(connection: Connection, subject: str) -> Moved | None:
    # Beyond 18 digits it is no number of the database's.
    numbered = subject.isascii() and subject.isdigit() and len(subject) <= 18  # noqa: PLR2004
    found = derivations.by_id(connection, int(subject)) if numbered else None
    return found or derivations.by_key(connection, subject)


def _of_account(what: str, owner: str, account: str, connection: Connection) -> Node:
    """What came into an account and what left it, by kind, each with its share and its reason."""
    moved = derivations.of_account(connection, account)
    came = [one for one in moved if one.receiver == account]
    left = [one for one in moved if one.payer == account]
    received, gave = (sum(one.amount_micro for one in part) for part in (came, left))
    said = f"{what} {owner} received {format_tokens(received)}, gave {format_tokens(gave)}"
    facts = {what: owner, "received_micro": received, "given_micro": gave, "holds_micro": received - gave}
    parts = [
        Node(name, {f"{name}_micro": total}, by_kind(part, in_short))
        for name, total, part in (("received", received, came), ("given", gave, left))
        if part
    ]
    return Node(f"{said}, holds {format_tokens(received - gave)}", facts, parts)


def document(node: Node) -> Mapping[str, Any]:
    """For a program: the same tree."""
    return {"what": node.what, **node.facts, "rests_on": [document(one) for one in node.rests_on]}


def show(out: Console, node: Node) -> None:
    """For a person. As plain text: in markup a key such as ``refund:x:bob`` would show an emoji."""
    out.print(_tree(node, Tree(Text(node.what))))


def _tree(node: Node, tree: Tree) -> Tree:
    for one in node.rests_on:
        _tree(one, tree.add(Text(one.what)))
    return tree
