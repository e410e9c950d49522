"""Dagster sensors: when to ask for work. What the work is stands in gaps, drivers and conditions."""
