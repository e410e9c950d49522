"""Numbers in millionths (ppm): reading, rounding and writing one. What is measured so is not known here.

Confidence, importance, fit and correlation are whole numbers of millionths, because money follows them.
"""

from typing import Final

from squads_pipeline.rules.money import AmountError, parse_tokens

WHOLE_PPM: Final = 1_000_000
"""One, such as the highest importance, in millionths."""


def parse_ppm(text: str, what: str) -> int:
    """Read a number from 0 to 1 such as ``0.95`` into millionths, exactly; ``what`` names it in the error.

    Raises:
        ValueError: not a decimal number from 0 to 1 of at most six decimals.
    """
    try:
        ppm = parse_tokens(text)  # six decimals, never rounded: the same form as an amount
    except AmountError:
        ppm = -1
    if not 0 <= ppm <= WHOLE_PPM:
        raise ValueError(f"{text!r} is no {what}; write a number from 0 to 1 with up to six decimals")
    return ppm


def rounded_ppm(numerator: int, denominator: int) -> int:
    """A quotient that is not negative in millionths, to the nearest, halves up."""
    return (2 * WHOLE_PPM * numerator + denominator) // (2 * denominator)


def format_ppm(ppm: int) -> str:
    """Millionths as a decimal number with six places."""
    whole, part = divmod(abs(ppm), WHOLE_PPM)
    return f"{'-' if ppm < 0 else ''}{whole}.{part:06d}"
