"""Figures of a run, each a function of it: the report, notebooks and the web draw the same ones."""
