"""The `squads` command line: reading arguments, showing answers. What a command does is below it."""

from squads_pipeline.surfaces.cli.app import app, main

__all__ = ["app", "main"]
