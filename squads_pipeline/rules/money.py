"""The unit of stored money: reading tokens, writing tokens, and nothing about who pays whom.

Stored money is a whole number of µT (micro-tokens); one token is 1,000,000 µT. Text becomes µT here and
nowhere else. Whether an amount may be zero or negative is for the caller to say.
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final, Literal

MICRO_PER_TOKEN: Final = 1_000_000
MAX_MICRO: Final = 2**63 - 1
"""The largest amount that a PostgreSQL BIGINT column holds, in µT."""

Rounding = Literal["refuse", "half-even"]

# Arithmetic that never rounds: the ambient context would cut at 28 digits, and any library may change it.
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])
_ONE_MICRO: Final = Decimal("0.000001")
_DECIMALS: Final = 6
_LARGEST_EXPONENT: Final = 12  # MAX_MICRO is 9.2e12 tokens
_LONGEST_ECHO: Final = 60


class AmountError(ValueError):
    """A text that is not an amount of tokens; `reason` says what is wrong and `remedy` what to write."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def parse_tokens(text: str, *, rounding: Rounding = "refuse") -> int:
    """Read an amount of tokens such as `12.5` or `-1e3` into µT, exactly.

    With `rounding="half-even"` decimals beyond the sixth are rounded to the nearest µT, halves to the even
    one; otherwise they are refused. Trailing zeros are not decimals. Raises AmountError (a ValueError).
    """
    value = _decimal(text)
    if not value:
        return 0  # also 0e999999999, whose exponent means nothing
    # Compared before any scaling, so that 1e999999999 is refused without being written out.
    if value.adjusted() > _LARGEST_EXPONENT:
        raise _too_large(text)
    rounded = value.quantize(_ONE_MICRO, rounding=ROUND_HALF_EVEN, context=_EXACT)
    if rounding == "refuse" and rounded != value:
        raise AmountError(f"{_echo(text)} has more than six decimals", "shorten it or use --round half-even")
    micro = int(rounded.scaleb(_DECIMALS, context=_EXACT))
    if abs(micro) > MAX_MICRO:
        raise _too_large(text)
    return micro


def format_tokens(micro: int) -> str:
    """Write µT as tokens for people, exactly: `1234500000` is `1,234.5`."""
    whole, part = divmod(abs(micro), MICRO_PER_TOKEN)
    decimals = f".{part:0{_DECIMALS}d}".rstrip("0") if part else ""
    return f"{'-' if micro < 0 else ''}{whole:,}{decimals}"


def tokens(micro: int) -> Decimal:
    """Return µT as an exact Decimal number of tokens, for reports."""
    return Decimal(micro).scaleb(-_DECIMALS, context=_EXACT)


def _decimal(text: str) -> Decimal:
    """Read a finite decimal number; raises AmountError."""
    # Decimal would also take 1_000 and digits of other scripts, which no ledger should guess about.
    if text.isascii() and "_" not in text:
        try:
            value = Decimal(text, _EXACT)
        except InvalidOperation:
            pass
        else:
            if value.is_finite():
                return value
            raise AmountError(f"{_echo(text)} is not a finite number", "give an amount such as 12.5")
    raise AmountError(
        f"{_echo(text)} is not a number",
        "write digits with a decimal point and no thousands separators, such as 1234.5",
    )


def _too_large(text: str) -> AmountError:
    return AmountError(
        f"{_echo(text)} is too large", f"an amount is at most {format_tokens(MAX_MICRO)} tokens"
    )


def _echo(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_ECHO else text[:_LONGEST_ECHO] + "…")
