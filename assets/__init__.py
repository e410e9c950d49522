"""Dagster assets and their checks: doorways to drivers and marts, and what the UI shows. No SQL, no rules."""

import warnings

import dagster as dg

# A backfill is one run, a setting that Dagster calls beta. What we rely on is held by tests/dagster.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)
