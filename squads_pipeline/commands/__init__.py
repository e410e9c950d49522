"""What an agent or an operator may do, each in one transaction on the caller's connection. No terminal, no HTTP."""
