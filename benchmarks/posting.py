"""Batch posting against a plain INSERT … SELECT into tables with the same constraints, indexes and triggers."""

from sqlalchemy import Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.store import ledger

# Copies of the two tables with every index, check, foreign key and the deferred trigger, but nobody to
# work out balances and versions: the rows arrive ready-made.
_TWINS = """
CREATE SCHEMA plain;
CREATE TABLE plain.transfers (LIKE squads.transfers INCLUDING ALL);
CREATE TABLE plain.entries (LIKE squads.entries INCLUDING ALL);
ALTER TABLE plain.transfers
    ADD FOREIGN KEY (from_account_id) REFERENCES squads.accounts (id),
    ADD FOREIGN KEY (to_account_id) REFERENCES squads.accounts (id),
    ADD FOREIGN KEY (policy_id) REFERENCES squads.policies (id);
ALTER TABLE plain.entries
    ADD FOREIGN KEY (transfer_id) REFERENCES plain.transfers (id),
    ADD FOREIGN KEY (account_id) REFERENCES squads.accounts (id);
CREATE FUNCTION plain.require_balanced_entries() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF (SELECT count(*) FILTER (WHERE (entry.account_id, entry.amount_micro)
                                      IN ((NEW.from_account_id, -NEW.amount_micro),
                                          (NEW.to_account_id, NEW.amount_micro)))
        FROM plain.entries AS entry WHERE entry.transfer_id = NEW.id) <> 2
    THEN RAISE EXCEPTION 'unbalanced'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfers_sum_to_zero AFTER INSERT ON plain.transfers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plain.require_balanced_entries();
"""
_READY = """
CREATE TEMPORARY TABLE ready ON COMMIT DROP AS
SELECT seq, kind, from_account_id, to_account_id, amount_micro, idempotency_key, '\\x00'::bytea AS args_hash,
       now() AS posted_at FROM staged_transfers
"""
_PLAIN = """
WITH inserted AS (
    INSERT INTO plain.transfers (kind, from_account_id, to_account_id, amount_micro, idempotency_key, args_hash,
                                 posted_at, policy_id, rule_version, driver, run_id, effective_on)
    SELECT kind, from_account_id, to_account_id, amount_micro, idempotency_key, args_hash, posted_at,
           :policy_id, '1', 'plain', 'plain', current_date
    FROM ready ORDER BY seq
    RETURNING id, from_account_id, to_account_id, amount_micro, posted_at
)
INSERT INTO plain.entries
SELECT id, 1, from_account_id, -amount_micro, 0, id, posted_at FROM inserted
UNION ALL
SELECT id, 2, to_account_id, amount_micro, 0, id, posted_at FROM inserted
"""


def measure(engine: Engine, number: int) -> Measurement:
    """Post sponsorships (no grant, no inbox) of a number, and insert the same rows plainly."""
    with engine.begin() as connection:
        connection.connection.cursor().execute(_TWINS)
    return Measurement(
        f"post {number:,} transfers in a batch",
        _posted(engine, number),
        "plain INSERT … SELECT, same constraints and indexes",
        _plain(engine, number),
        "≤ 3",
    )


def _stage_between_wallets(connection: world.Connection, number: int, label: str) -> None:
    world.stage_contributions(connection, number, label)
    # Wallet to wallet, so that both sides write the same two tables and nothing else.
    connection.execute(
        text("""UPDATE staged_transfers SET kind = 'sponsorship', to_account_id = wallet.id
                FROM squads.accounts AS wallet
                WHERE wallet.name = 'wallet:a' || (1 + (staged_transfers.from_account_id + seq) % :agents)
                  AND wallet.id <> staged_transfers.from_account_id"""),
        {"agents": world.AGENTS},
    )


def _posted(engine: Engine, number: int) -> float:
    with engine.connect() as connection, connection.begin() as transaction:
        _stage_between_wallets(connection, number, "posted:")
        stamp = world.stamp(connection)
        with world.Stopwatch() as watch:
            ledger.post_staged(connection, stamp)
            transaction.commit()
    return watch.seconds


def _plain(engine: Engine, number: int) -> float:
    with engine.connect() as connection, connection.begin() as transaction:
        _stage_between_wallets(connection, number, "plain:")
        connection.execute(text(_READY))
        policy_id = world.stamp(connection).policy_id
        with world.Stopwatch() as watch:
            connection.execute(text(_PLAIN), {"policy_id": policy_id})
            transaction.commit()
    return watch.seconds
