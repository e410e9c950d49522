"""Where people and programs meet the economy: thin layers over commands and drivers. No rules, no SQL."""
