"""The demo's members at work, two deeds in a second or so, by the same commands as anybody's. Gaps are the sensors'.

Run as a module beside `squads up`; it ends when it is told to, or when the database is gone.
"""

import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.server.database_url import resolve
from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.home import Home
from squads_pipeline.store import database, overview, situation
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.store.situation import Situation
from squads_pipeline.surfaces.demo import SEED, members
from squads_pipeline.surfaces.simulation.actions import Action
from squads_pipeline.surfaces.simulation.performing import perform
from squads_pipeline.surfaces.simulation.personas import Persona
from squads_pipeline.surfaces.simulation.turns import turn
from squads_pipeline.surfaces.simulation.words import sentence
from squads_pipeline.surfaces.simulation.world_events import events

PAUSE_SECONDS: Final = 0.5
TARGETS_PER_BEAT: Final = 0.02
ROUNDS_TOLD: Final = 5
EDGES_TOLD: Final = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Told:
    """How far the news have been told: the newest round, and the moment of the newest edge."""

    round_id: int
    edge_at: datetime


def deeds(seen: Situation, everybody: tuple[Persona, ...], chance: random.Random) -> list[Action]:
    """What happens in a beat: what befalls the community, and the turn of one member, the zealous more often."""
    me = chance.choices(everybody, [one.zeal for one in everybody])[0]
    return [*events(seen, chance, targets_per_tick=TARGETS_PER_BEAT), *turn(me, seen, chance)]


def do(engine: Engine, action: Action, key: str) -> str:
    """Do it and say so in one line for the log; what is refused is said too, and is nobody's fault."""
    try:
        with engine.begin() as connection:
            perform(connection, action, key)
    except SquadsError as error:
        return f"INFO: {sentence(action)}: refused, {error}"
    return f"INFO: {sentence(action)}"


def live(engine: Engine, seed: int, life: str) -> None:
    """Let the community act until the process ends; `life` keeps the keys of one run apart from another's.

    Deeds are for the log; rounds and what becomes of squads, which the sensors make, are for people to see.
    """
    chance = random.Random(f"{seed}:{life}")  # noqa: S311  # a play, not a secret
    everybody = members()
    told = newest(engine)
    number = 0
    while True:
        with engine.connect() as connection:
            seen = situation.look(connection)
        for action in deeds(seen, everybody, chance):
            _say(do(engine, action, f"demo:{life}:{number}"))
            number += 1
        told = tell_news(engine, told, _say)
        time.sleep(PAUSE_SECONDS)


def newest(engine: Engine) -> Told:
    """Where the news stand now, without telling any."""
    with engine.connect() as connection:
        rounds = overview.last_rounds(connection, 1)
        return Told(rounds[0].round_id if rounds else 0, overview.now(connection))


def tell_news(engine: Engine, told: Told, say: Say) -> Told:
    """Say which rounds were made and which edges squads took after what was told, the oldest first."""
    with engine.connect() as connection:
        rounds = [
            one for one in overview.last_rounds(connection, ROUNDS_TOLD) if one.round_id > told.round_id
        ]
        edges = overview.edges_after(connection, told.edge_at, EDGES_TOLD)
    for one in reversed(rounds):
        say(
            f"round {one.round_id}: {format_tokens(one.matched_micro)} tokens matched to "
            f"{one.squads_matched} of {one.squads_weighed} squads"
        )
    for edge in edges:
        say(f"{edge.squad_id} is {edge.to_status}: {edge.reason}")
    return Told(
        max([told.round_id, *(one.round_id for one in rounds)]),
        max([told.edge_at, *(edge.happened_at for edge in edges)]),
    )


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
