"""The economy of research squads: true without Dagster, which only `definitions` knows."""
