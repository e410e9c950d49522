"""Findings in words, with the evidence that reviewers can read off them. No money, no chance of their own.

The size of the sample says how good a finding is. The sloppy report small ones with great confidence.
"""

import re
from random import Random
from typing import Final

_SAMPLE: Final = re.compile(r"n = (\d+)")

_SUBJECTS: Final = {
    "chem": ("the sulfide route", "a cheaper catalyst", "the second solvent", "the dendrite model"),
    "folklore": ("the older ballads", "a lost proverb", "the weather rhymes", "the harvest songs"),
    "neuro": ("slow-wave sleep", "the imaging cohort", "amyloid clearance", "the reward circuit"),
    "ocean": ("added alkalinity", "the field trials", "deep mixing", "the carbon estimate"),
    "stats": ("the prior on replication", "the null results", "the meta-analysis", "the leakage test"),
    "tools": ("the benchmark's test split", "the lost dataset", "the parser", "the reference index"),
}
_CLAIMS: Final = (
    "explains the gap",
    "does not explain the gap",
    "moves the estimate",
    "holds in a second cohort",
    "was confounded",
    "can be measured directly",
)
_WORK: Final = (
    "Read what is known of {}",
    "Asked the authors about {}",
    "Set up the comparison of {}",
    "Ran the first pass on {}",
    "Cleaned the data on {}",
    "Discussed {}",
)


def subject(field: str, chance: Random) -> str:
    """Something that people of a field look into."""
    return chance.choice(_SUBJECTS[field])


def question(field: str, chance: Random) -> str:
    """The title of a target."""
    return f"What about {subject(field, chance)}?"


def work(field: str, chance: Random) -> str:
    """The title of a journal entry."""
    return chance.choice(_WORK).format(subject(field, chance))


def claim(field: str, chance: Random, *, sound: bool) -> tuple[str, str, int]:
    """A finding: title, summary with its sample, and the author's confidence in millionths."""
    what = subject(field, chance)
    title = f"{what[0].upper()}{what[1:]} {chance.choice(_CLAIMS)}"
    sample = chance.randint(80, 2_000) if sound else chance.randint(3, 25)
    confidence_ppm = chance.randint(550, 950) * 1_000 if sound else chance.randint(700, 1_000) * 1_000
    return title, f"{title}, as measured with n = {sample}.", confidence_ppm


def sample_size(summary: str) -> int | None:
    """How large a sample a finding rests on; None if it does not say."""
    found = _SAMPLE.search(summary)
    return int(found.group(1)) if found else None


def is_sound(summary: str, least: int = 30) -> bool:
    """Whether a finding rests on a sample of at least so many."""
    size = sample_size(summary)
    return size is not None and size >= least
