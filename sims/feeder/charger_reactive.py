"""The chargers of all sites of a feeder and the reactive power each of them draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sims.curves import padded
from sims.feeder.kernels import Floats, Ints
from sims.feeder.reactive import PLAIN_DAMPING, Answer, Solver, VoltVar, by_solving
from sims.feeder.zbus import ZbusEngine

_NONE: dict[str, Any] = {"port": [], "volt_var_pu": [], "volt_var_kvar": [], "rated_kva": []}


@dataclass(frozen=True, slots=True)
class ChargerReactive:
    """Ports of all sites, one after the other.

    Parameters
    ----------
    connection : ints, shape (n,)
        Connection of the engine each port draws power at [-].
    ends : tuple of int
        Where the ports of each site end [-].
    tan_phi : floats, shape (n,)
        Reactive power a port with a fixed power factor draws for each kW, whichever way that flows; 0 without
        [kvar/kW].
    volt_var : VoltVar
        The ports that follow a curve instead; they have `tan_phi` 0.
    """

    connection: Ints
    ends: tuple[int, ...]
    tan_phi: Floats
    volt_var: VoltVar

    @classmethod
    def of_sites(
        cls,
        engine: Solver,
        sites: Mapping[str, Mapping[str, Any]],
        connections: Mapping[str, Ints],
        bus_rows: Ints,
    ) -> "ChargerReactive":
        """Chargers as the scenario describes them.

        Parameters
        ----------
        engine : Solver
            What will solve the steps; in some other tap position at most.
        sites : mapping by site
            With `reactive`, or without where no port has to do with it: `tan_phi` (one a port), and for each
            port with a curve its index `port`, the curve's points `volt_var_pu`, `volt_var_kvar`, and
            `rated_kva`.
        connections : mapping by site to ints, shape (n_evse,)
            Connection of each port.
        bus_rows : ints, shape (n_connections,)
            Row of the bus of each connection.
        """
        counts = [len(places) for places in connections.values()]
        described = [
            {**_NONE, "tan_phi": [0.0] * count, **sites[name].get("reactive", {})}
            for name, count in zip(connections, counts, strict=True)
        ]
        first = np.cumsum([0, *counts[:-1]])
        connection = np.concatenate(list(connections.values()))
        port = np.array(
            [start + p for start, site in zip(first, described, strict=True) for p in site["port"]],
            dtype=np.int64,
        )
        ports = VoltVar(
            port=port,
            connection=connection[port],
            bus_row=bus_rows[connection[port]],
            at_pu=padded([points for site in described for points in site["volt_var_pu"]]),
            q_kvar=padded([points for site in described for points in site["volt_var_kvar"]]),
            rated_kva=np.array([kva for site in described for kva in site["rated_kva"]], dtype=np.float64),
            damping=PLAIN_DAMPING,
        )
        return cls(
            connection=connection,
            ends=tuple(np.cumsum(counts).tolist()),
            tan_phi=np.array([tan for site in described for tan in site["tan_phi"]], dtype=np.float64),
            volt_var=engine.damped(ports) if isinstance(engine, ZbusEngine) else ports,
        )

    def by_site(self, values: Floats) -> list[list[float]]:
        """Values of all ports as one list a site."""
        return [part.tolist() for part in np.split(values, self.ends[:-1])]

    def solve(self, engine: Solver, p_kw: Floats, q_kvar: Floats, evse_kw: Floats) -> Answer:
        """Power flow with what the ports draw of reactive power added.

        Parameters
        ----------
        engine : Solver
            Solves a step.
        p_kw, q_kvar : floats, shape (n_connections,)
            All that is drawn but the reactive power of the ports [kW], [kvar].
        evse_kw : floats, shape (n,)
            Active power of the ports, part of `p_kw` [kW].

        Returns
        -------
        Answer
            With the reactive power of all n ports.
        """
        evse_kvar = self.tan_phi * np.abs(evse_kw)
        q_kvar = q_kvar + np.bincount(self.connection, evse_kvar, len(q_kvar))
        ports = self.volt_var
        if not ports.port.size:
            return Answer(engine.solve(p_kw, q_kvar), evse_kvar, settled=True)
        port_kw = evse_kw[ports.port]
        if isinstance(engine, ZbusEngine):
            answer = engine.solve_volt_var(p_kw, q_kvar, port_kw, ports)
        else:
            answer = by_solving(engine, p_kw, q_kvar, port_kw, ports)
        evse_kvar[ports.port] = answer.q_kvar
        return Answer(answer.solution, evse_kvar, answer.settled)
