"""The chargers of all sites of a feeder and the reactive power each of them draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sims.curves import padded
from sims.feeder.kernels import Floats, Ints
from sims.feeder.reactive import PLAIN_DAMPING, Answer, Solver, VoltVar, by_solving
from sims.feeder.zbus import ZbusEngine


@dataclass(frozen=True, slots=True)
class ChargerReactive:
    """Ports of all sites, one after the other.

    Parameters
    ----------
    connection : ints, shape (n,)
        Connection of the engine each port draws power at [-].
    tan_phi : floats, shape (n,)
        Reactive power a port with a fixed power factor draws for each kW, whichever way that flows; 0 without
        [kvar/kW].
    volt_var : VoltVar
        The ports that follow a curve instead; they have `tan_phi` 0.
    """

    connection: Ints
    tan_phi: Floats
    volt_var: VoltVar

    @classmethod
    def of_sites(
        cls, engine: Solver, connections: Sequence[Ints], bus_rows: Ints, described: Sequence[Mapping[str, Any]]
    ) -> "ChargerReactive":
        """Chargers as the scenario describes them.

        Parameters
        ----------
        engine : Solver
        connections : sequence of ints, each of shape (n_evse,)
            Connection of each port, by site.
        bus_rows : ints, shape (n_connections,)
            Row of the bus of each connection.
        described : sequence of mappings
            By site: `tan_phi` (n_evse values), and by port with a curve `port`, `volt_var_pu`,
            `volt_var_kvar` and `rated_kva`.
        """
        counts = [len(places) for places in connections]
        first = np.cumsum([0, *counts])
        connection = np.concatenate([np.zeros(0, dtype=np.int64), *connections])
        port = np.array(
            [first[i] + p for i, site in enumerate(described) for p in site["port"]], dtype=np.int64
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
            tan_phi=np.array([tan for site in described for tan in site["tan_phi"]], dtype=np.float64),
            volt_var=engine.damped(ports) if isinstance(engine, ZbusEngine) else ports,
        )

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
