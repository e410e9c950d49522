"""Analysts' tables as pure functions, DataFrame in and DataFrame out; `plots` draws some. No Dagster."""
