"""Prices and carbon: mean days, drawn days, files."""
