"""Queries that show what a table is good for, for the data dictionary. Tables without one here get a plain one.

In tokens, by ``* 0.000001``: a product of integers and decimals is exact, a quotient is rounded to 16 digits.
"""

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "marts.agent_statements": """
-- Who received most in the last thirty days?
SELECT agent_id, sum(payouts_micro + dividends_micro) * 0.000001 AS received
FROM marts.agent_statements
WHERE effective_on > current_date - 30
GROUP BY agent_id
ORDER BY received DESC, agent_id
LIMIT 10
""",
    "marts.mechanism_comparison": """
-- What would each mechanism have paid, by squad?
SELECT squad_id, mechanism, sum(match_micro) * 0.000001 AS would_have_paid, sum(paid_micro) * 0.000001 AS paid
FROM marts.mechanism_comparison
GROUP BY squad_id, mechanism
ORDER BY squad_id, mechanism
""",
    "marts.squad_pools": """
-- How did a pool grow?
SELECT effective_on, contributions_micro * 0.000001 AS contributions, matches_micro * 0.000001 AS matches,
       closing_micro * 0.000001 AS closing
FROM marts.squad_pools
WHERE squad_id = 'heat-maps'
ORDER BY effective_on
""",
    "marts.token_supply": """
-- Where were the tokens at the end of each day?
SELECT effective_on, account_kind, closing_micro * 0.000001 AS closing
FROM marts.token_supply
ORDER BY effective_on, account_kind
""",
    "squads.accounts": """
-- Who holds most now?
SELECT name, balance_micro * 0.000001 AS balance
FROM squads.accounts
ORDER BY balance_micro DESC
LIMIT 10
""",
    "squads.contributions": """
-- Who gave to a squad, and how much of it has been matched?
SELECT agent_id, sum(amount_micro) * 0.000001 AS given,
       coalesce(sum(amount_micro) FILTER (WHERE round_id IS NOT NULL), 0) * 0.000001 AS in_a_round
FROM squads.contributions
WHERE squad_id = 'heat-maps'
GROUP BY agent_id
ORDER BY given DESC, agent_id
""",
    "squads.entries": """
-- What did an account hold at the end of January 2026?
SELECT entry.balance_after_micro * 0.000001 AS balance
FROM squads.entries AS entry
JOIN squads.accounts AS account ON account.id = entry.account_id
WHERE account.name = 'matching_pool' AND entry.posted_at < TIMESTAMPTZ '2026-02-01 00:00+00'
ORDER BY entry.posted_at DESC, entry.account_version DESC
LIMIT 1
""",
    "squads.policies": """
-- Which parameters were in force when the last round was made?
SELECT parameter.key, parameter.value
FROM squads.qf_rounds AS round
JOIN squads.policies AS policy ON policy.id = round.policy_id
CROSS JOIN jsonb_each_text(policy.content) AS parameter
WHERE round.id = (SELECT max(id) FROM squads.qf_rounds)
ORDER BY parameter.key
""",
    "squads.qf_matches": """
-- Why did squads get what they got in the last round?
SELECT squad_id, contributors, weight_micro * 0.000001 AS weight, due_micro * 0.000001 AS due,
       match_micro * 0.000001 AS match, reason
FROM squads.qf_matches
WHERE round_id = (SELECT max(id) FROM squads.qf_rounds)
ORDER BY match_micro DESC, squad_id
""",
    "squads.squad_events": """
-- How long do squads stay in each status?
SELECT to_status AS status, count(*) AS squads, avg(until - happened_at) AS stayed
FROM (SELECT to_status, happened_at, lead(happened_at) OVER life AS until
      FROM squads.squad_events WINDOW life AS (PARTITION BY squad_id ORDER BY event_no)) AS stay
WHERE until IS NOT NULL
GROUP BY to_status
ORDER BY to_status
""",
    "squads.squad_grants": """
-- Where do pools' tokens come from?
SELECT purpose, count(*) AS grants, sum(amount_micro) * 0.000001 AS tokens
FROM squads.squad_grants
GROUP BY purpose
ORDER BY tokens DESC
""",
    "squads.transfers": """
-- What moved on a day, by kind?
SELECT kind, count(*) AS transfers, sum(amount_micro) * 0.000001 AS tokens
FROM squads.transfers
WHERE effective_on = DATE '2026-02-03'
GROUP BY kind
ORDER BY kind
""",
}
"""By schema and name; each is one statement, and a test runs it."""


def example(full_name: str, newest_first: str | None) -> str:
    """The query to show for a table or view.

    Args:
        full_name: such as ``marts.squad_pools``.
        newest_first: a column by which the plain query puts the newest first, if there is one.
    """
    order = f"\nORDER BY {newest_first} DESC" if newest_first else ""
    plain = f"SELECT *\nFROM {full_name}{order}\nLIMIT 10"  # names from the schema
    return EXAMPLES.get(full_name, plain).strip()
