"""All SQL of the economy: functions over a caller's connection that never commit. No decisions."""
