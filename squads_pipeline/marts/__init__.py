"""Analysts' tables as pure functions, DataFrame in and DataFrame out. No database, no Dagster."""
