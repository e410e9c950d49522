"""The demo's members at work: one contribution about every second, by the same commands as anybody's.

Run as a module beside `squads up`; it ends when it is told to, or when the database is gone.
"""

import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from squads_pipeline.commands import funding
from squads_pipeline.rules.money import MICRO_PER_TOKEN, format_tokens
from squads_pipeline.server.database_url import resolve
from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.home import Home
from squads_pipeline.store import database, overview
from squads_pipeline.store.errors import InsufficientFundsError, SquadsError
from squads_pipeline.surfaces.demo import AGENTS, SQUADS

SEED: Final = 20_260_101
PAUSE_SECONDS: Final = 1.0
ROUNDS_TOLD: Final = 5
TOP_UP_MICRO: Final = 200 * MICRO_PER_TOKEN
LARGEST_TOKENS: Final = 150.0
# Pareto's index: most give a few tokens, some give a hundred.
TAIL: Final = 1.3


@dataclass(frozen=True, slots=True)
class Gift:
    """What a member decides to give: µT, never more than a top-up brings."""

    agent: str
    squad: str
    amount_micro: int


def gifts(seed: int) -> Iterator[Gift]:
    """An endless stream of decisions, the same for the same seed.

    Every member cares about three squads and more about the first, and a few members give most of the time.
    """
    chance = random.Random(seed)  # noqa: S311  # a play, not a secret
    cares = {agent: chance.sample(sorted(SQUADS), 3) for agent in AGENTS}
    zeal = [chance.paretovariate(1.5) for _ in AGENTS]
    while True:
        agent = chance.choices(AGENTS, zeal)[0]
        squad = chance.choices(cares[agent], (5, 2, 1))[0]
        whole = min(chance.paretovariate(TAIL), LARGEST_TOKENS)
        yield Gift(agent, squad, int(whole * 100) * MICRO_PER_TOKEN // 100)


def give(engine: Engine, gift: Gift, key: str) -> None:
    """Contribute, after an operator's mint when the wallet is short."""
    try:
        with engine.begin() as connection:
            funding.contribute(connection, gift.agent, gift.squad, gift.amount_micro, key=key)
    except InsufficientFundsError:
        with engine.begin() as connection:
            funding.mint(
                connection,
                f"wallet:{gift.agent}",
                TOP_UP_MICRO,
                key=f"{key}:top-up",
                reason="demo: the wallet was low",
            )
            funding.contribute(connection, gift.agent, gift.squad, gift.amount_micro, key=key)


def live(engine: Engine, seed: int, life: str) -> None:
    """Contribute until the process ends; `life` keeps the keys of one run apart from another's.

    Gifts are for the log; rounds, which the sensor makes meanwhile, are for people to see.
    """
    told = _newest_round(engine)
    for number, gift in enumerate(gifts(seed)):
        try:
            give(engine, gift, f"demo:{life}:{number}")
            _say(f"INFO: {gift.agent} gives {format_tokens(gift.amount_micro)} tokens to {gift.squad}")
        except SquadsError as error:
            _say(f"WARNING: {gift.agent} could not give to {gift.squad}: {error}")
        told = tell_rounds(engine, told, _say)
        time.sleep(PAUSE_SECONDS)


def tell_rounds(engine: Engine, told: int, say: Callable[[str], None]) -> int:
    """Say what rounds after `told` did, the oldest first; returns the newest round's number."""
    with engine.connect() as connection:
        new = [one for one in overview.last_rounds(connection, ROUNDS_TOLD) if one.round_id > told]
    for one in reversed(new):
        say(
            f"round {one.round_id}: {format_tokens(one.matched_micro)} tokens matched to "
            f"{one.squads_matched} of {one.squads_weighed} squads"
        )
    return max([told, *(one.round_id for one in new)])


def _newest_round(engine: Engine) -> int:
    return tell_rounds(engine, 0, lambda _: None)


def main() -> int:
    """Live on the database that the environment and the home name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        engine = database.engine(resolve(os.environ, Home.from_environment(os.environ)), pool_size=1)
        live(engine, SEED, uuid.uuid4().hex[:12])
    except (ServerError, OperationalError) as error:
        _say(f"ERROR: the database is gone: {str(error).splitlines()[0]}")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
