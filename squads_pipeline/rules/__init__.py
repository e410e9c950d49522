"""Pure decisions over plain values. No I/O, no clock, no third-party imports."""
