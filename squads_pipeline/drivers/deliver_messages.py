"""Closes the gap of `delivered_messages`: hands the outbox to a sink. What sinks are is in `knowledge_sinks`."""

import os
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.drivers.knowledge_sinks import DeliveryError, Sink, configured
from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import outbox, policies, runs
from squads_pipeline.store.outbox import Message
from squads_pipeline.store.stamp import Stamp

NAME = "deliver_messages"
GAP = "delivered_messages"
RULE_VERSION: Final = "1"
BATCH: Final = 200
"""Messages of one run: as many as come a second time if it dies before its commit."""


def deliver_messages(connection: Connection, run: DriverRun) -> Outcome:
    """Deliver the messages that are due in their order, each at least once and always under the same id.

    The locks on the messages keep other workers from them while they are sent. They are marked after the sending:
    who dies in between has not marked them, and they are sent again. A message that the sink refuses waits longer
    each time and the next one follows; a sink that is away puts all of them off.
    """
    sink = configured(os.environ)
    if sink is None:
        return NOTHING
    messages = outbox.take(connection, BATCH)
    if not messages:
        return NOTHING
    if run.dry_run:
        keys = ", ".join(message.key for message in messages)
        return Outcome(len(messages), 0, {"sink": sink.name, "would_deliver": keys})
    delivered, errors = _send(connection, sink, messages)
    if delivered:
        stamp = Stamp(NAME, run.run_id, policy_id(policies.current(connection)), RULE_VERSION)
        runs.record(connection, units=delivered, moved_micro=0, stamp=stamp)
    facts: dict[str, int | str] = {"sink": sink.name, "messages_delivered": delivered}
    if errors:
        facts |= {"messages_failed": len(errors), "first_error": next(iter(errors.values()))}
    return Outcome(delivered, 0, facts)


def _send(connection: Connection, sink: Sink, messages: Sequence[Message]) -> tuple[int, dict[int, str]]:
    """Send until all are tried or the sink is away, and mark what became of each."""
    delivered: list[int] = []
    errors: dict[int, str] = {}
    away: int | None = None
    for message in messages:
        try:
            sink.deliver(message)
        except DeliveryError as error:
            errors[message.id] = str(error)
            if error.away:
                away = message.id
                break
        else:
            delivered.append(message.id)
    outbox.mark_delivered(connection, delivered)
    outbox.mark_failed(connection, errors)
    if away is not None:
        outbox.put_off(connection, away)
    return len(delivered), errors
