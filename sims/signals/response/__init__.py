"""Demand response: programmes, events, baselines, settlement."""
