"""The policy's parameters, a module for each table of the policy file. Nothing else."""
