"""What all charts have in common: size, fonts, colours, axes, words about amounts, and files. No chart of its own.

Charts are Figures without pyplot, which would keep state and want a display. A float is good enough for a pixel:
amounts become one here and nowhere else.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from squads_pipeline.rules.money import MICRO_PER_TOKEN, format_tokens

Form = Literal["svg", "png"]

INK: Final = "#222222"
QUIET: Final = "#767676"
BLUE: Final = "#0072b2"
ORANGE: Final = "#e69f00"
GREEN: Final = "#009e73"
RED: Final = "#d55e00"
PURPLE: Final = "#cc79a7"
SKY: Final = "#56b4e9"
GREY: Final = "#bbbbbb"
"""Okabe and Ito's colours, which people tell apart whatever colours they see: jfly.uni-koeln.de/color."""

# The window of Dagster's UI that shows a chart is 600 pixels wide, and an inch has 96.
_INCHES: Final = (6.0, 3.6)
_BELOW_TITLES: Final = (0, 0, 1, 0.87)
_PNG_DPI: Final = 160
_FONTS: Final = "'DejaVu Sans', Verdana, sans-serif"
_LONGEST_NAME: Final = 18
# Ratios of the largest value to the least: from which an axis is logarithmic, and from which it has ticks at
# powers of ten alone.
_WIDE, _VAST = 20, 1_000
# Two names this near to each other, in parts of the chart, would lie on one another.
_NEAR: Final = (0.24, 0.07)
_FEWEST_BARS: Final = 4
_WHOLE_FROM_MICRO: Final = 1_000 * MICRO_PER_TOKEN
_MARKS: Final = re.compile(r'<g([^>]*)>(<use [^>]*? style="([^"]*)"/>(?:<use [^>]*? style="\3"/>)*)</g>')

# White, not transparent: the UI has a dark theme, which a picture is not told of.
_LOOK: Final = {
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": QUIET,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "grid.color": "#e8e8e8",
    "grid.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "path.simplify": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "squads",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
}


@contextmanager
def _styled() -> Iterator[None]:
    """Our look, whatever the user's own settings of matplotlib are."""
    with style.context(["default", _LOOK]):
        yield


@contextmanager
def canvas(title: str, subtitle: str) -> Iterator[tuple[Figure, Axes]]:
    """An empty chart with its title, to be drawn on within the block."""
    with _styled():
        figure = Figure(figsize=_INCHES, layout=ConstrainedLayoutEngine(rect=_BELOW_TITLES))
        figure.text(0.015, 0.975, title, va="top", size=10, weight="bold")
        figure.text(0.015, 0.9, subtitle, va="top", size=8, color=QUIET)
        yield figure, figure.add_subplot()


def blank(axes: Axes, words: str) -> None:
    """Say that there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", size=10, color=QUIET)


def save(figure: Figure, form: Form) -> bytes:
    """A figure as a file; the same figure gives the same bytes."""
    file = io.BytesIO()
    with _styled():
        if form == "png":
            figure.savefig(file, format="png", dpi=_PNG_DPI, metadata={"Software": None})
            return file.getvalue()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    return _slim(file.getvalue().decode()).encode()


def _slim(svg: str) -> str:
    """The same picture in half the bytes: hundredths of a point, the font named once, no line breaks.

    The font's name gets others after it, lest a browser that lacks it should take one with serifs.
    """
    said_once = f"<style>text{{font-family:{_FONTS}}}</style></svg>"
    tight = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><").strip().removesuffix("</svg>")
    return _MARKS.sub(_said_once, re.sub(r"<[^>]+>", _slim_tag, tight)) + said_once


def _said_once(marks: re.Match[str]) -> str:
    """Marks of one style in a group that has the style."""
    around, uses, how = marks.groups()
    said = f' style="{how}"'
    return f"<g{around}{said}>{uses.replace(said, '')}</g>"


def _slim_tag(tag: re.Match[str]) -> str:
    """A tag without what says nothing. Text between tags, which may hold numbers, never comes here."""
    spoken = re.sub(r""" transform="rotate\(-0 [^"]*"| ?font-family: [^;"]*;?""", "", tag[0])
    return re.sub(r"(\.\d\d)\d+", r"\1", spoken)


def tokens(micro: Iterable[Any]) -> list[float]:
    """µT as tokens, near enough for a pixel; never for money."""
    return [int(one) / MICRO_PER_TOKEN for one in micro]


def about(micro: int) -> str:
    """An amount as tokens beside a mark, cut to hundredths or, from 1,000 on, to whole ones."""
    if micro >= _WHOLE_FROM_MICRO:
        return f"{micro // MICRO_PER_TOKEN:,}"
    hundredths = micro * 100 // MICRO_PER_TOKEN
    return format_tokens(hundredths * MICRO_PER_TOKEN // 100) if hundredths or not micro else "under 0.01"


def counted(count: int, noun: str) -> str:
    """A number of things: ``1 squad``, ``2,000 squads``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def short(name: str) -> str:
    """A name that fits beside an axis."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def plain_numbers(axis: Axis, *, whole: bool = False) -> None:
    """Ticks as people write numbers, with thousands separators."""
    axis.set_major_locator(MaxNLocator(nbins=6, integer=whole))
    axis.set_major_formatter(FuncFormatter(_number))


def fit(axes: Axes, name: Literal["x", "y"], values: Sequence[float], *, whole: bool = False) -> None:
    """An axis for values above zero: logarithmic where they differ much, lest the small ones lie in a heap."""
    axis, least, most = (axes.xaxis if name == "x" else axes.yaxis), min(values), max(values)
    limits = axes.set_xlim if name == "x" else axes.set_ylim
    if most < _WIDE * least:
        plain_numbers(axis, whole=whole)
        limits(0, most * 1.15)
        return
    axes.set(**{f"{name}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if most < _VAST * least else (1,)))
    axis.set_major_formatter(FuncFormatter(_number))
    axis.set_minor_locator(NullLocator())
    limits(least / 1.6, most * 1.6)


def rows_of_bars(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of horizontal bars from the top; a few do not fill the chart."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), _FEWEST_BARS) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


def legend(axes: Axes, title: str | None = None) -> None:
    """A legend beside the chart, where it hides nothing."""
    axes.legend(title=title, title_fontsize=7.5, loc="center left", bbox_to_anchor=(1, 0.5), labelspacing=0.9)


def name_marks(axes: Axes, names: Sequence[str], places: Sequence[tuple[float, float]]) -> None:
    """Write names beside marks, the first ones first, and none where it would lie on another."""
    taken: list[tuple[float, float]] = []
    for name, place in zip(names, places, strict=True):
        x, y = axes.transAxes.inverted().transform(axes.transData.transform(place))
        if any(abs(x - other) < _NEAR[0] and abs(y - above) < _NEAR[1] for other, above in taken):
            continue
        taken.append((x, y))
        side = -1 if x > 0.6 else 1  # noqa: PLR2004  # further right a name would leave the chart
        axes.annotate(
            short(name),
            place,
            xytext=(7 * side, 5),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            size=7.5,
        )


def _number(value: float, _place: int | None = None) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"
