"""One story per driven asset: lock, read the gap again, decide by a pure rule, write; in one transaction."""
