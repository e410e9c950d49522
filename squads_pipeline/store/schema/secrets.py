"""Which tables hold what nobody but the pipeline may read. The only list of them; no tables."""

from typing import Final

SECRET_TABLES: Final = ("api_tokens",)
"""Tables of schema ``squads`` that analysts, exports and the dictionary leave out, as they do every view that
reads one of them. A table that need not exist yet may be named, so that it is secret from its first day."""
