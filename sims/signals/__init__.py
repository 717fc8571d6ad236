"""Prices, bills and emissions: what energy costs and what it weighs."""
