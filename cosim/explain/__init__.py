"""A run in plain words, by rules from its own numbers: each number says where it comes from."""

from cosim.explain.explanation import Explanation, explain
from cosim.explain.figures import FIGURES, figures_of

__all__ = ["FIGURES", "Explanation", "explain", "figures_of"]
