"""Batch studies: a study file to its cases, the cases to runs, the runs to one tidy table."""
