"""The embedded PostgreSQL and `squads up`: processes and where they live. No economy here."""
