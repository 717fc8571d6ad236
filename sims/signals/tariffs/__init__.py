"""Tariffs as data: when which price holds, the shipped presets, files."""
