"""A mixture of normals over three quantities, to draw from as a whole or given the first of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Triple = tuple[float, float, float]


class Mixture:
    """Weighted normals of (x, y, z).

    Parameters
    ----------
    weight : floats, length K
        Share of each normal; they are scaled to sum to 1 [-].
    mean, sd : triples, length K
        Mean and standard deviation of x, y, z.
    correlation : triples, length K
        Correlations xy, xz, yz [-].
    """

    def __init__(
        self,
        weight: Sequence[float],
        mean: Sequence[Triple],
        sd: Sequence[Triple],
        correlation: Sequence[Triple],
    ) -> None:
        self.weight = np.array(weight) / sum(weight)
        self.mean = np.array(mean)
        self.sd = np.array(sd)
        self._root = np.array(
            [np.linalg.cholesky(_covariance(s, r)) for s, r in zip(sd, correlation, strict=True)]
        )

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw n triples, shape (n, 3)."""
        chosen = rng.choice(len(self.weight), size=n, p=self.weight)
        return self._place(chosen, rng.standard_normal((n, 3)))

    def sample_given_first(self, x: Floats, rng: np.random.Generator) -> Floats:
        """Draw triples whose first number is known, shape (n, 3); `x` has shape (n,)."""
        away = (x[:, None] - self.mean[:, 0]) / self.sd[:, 0]
        log_share = np.log(self.weight / self.sd[:, 0]) - 0.5 * away**2
        share = np.exp(log_share - log_share.max(axis=1, keepdims=True))
        reached = np.cumsum(share, axis=1) / share.sum(axis=1, keepdims=True)
        chosen = (rng.random(len(x))[:, None] > reached[:, :-1]).sum(axis=1)
        normal = rng.standard_normal((len(x), 3))
        normal[:, 0] = away[np.arange(len(x)), chosen]
        drawn = self._place(chosen, normal)
        drawn[:, 0] = x
        return drawn

    def _place(self, chosen: Ints, normal: Floats) -> Floats:
        """Triples of the `chosen` normals from standard ones: x depends on the first alone."""
        return self.mean[chosen] + np.einsum("nij,nj->ni", self._root[chosen], normal)


def _covariance(sd: Triple, correlation: Triple) -> Floats:
    xy, xz, yz = correlation
    return np.outer(sd, sd) * np.array([[1.0, xy, xz], [xy, 1.0, yz], [xz, yz, 1.0]])
