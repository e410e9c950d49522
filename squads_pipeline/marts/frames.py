"""Exact DataFrames from rows: integers, decimals, days and moments as Arrow has them. No mart of its own."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa


def frame(types: Mapping[str, pa.DataType], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """A frame of rows whose values stand in the order of ``types``; with all columns when there is no row."""
    values = list(zip(*rows, strict=True)) or [()] * len(types)
    return pd.DataFrame(
        {
            name: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(given, type=kind)))
            for (name, kind), given in zip(types.items(), values, strict=True)
        }
    )
