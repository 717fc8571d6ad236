"""The feeder as a mosaik simulator: one `Feeder` entity, with children for its sites and elements."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from sims.feeder.feeder import Feeder, make_feeder
from sims.feeder.network import find_bus, load_network
from sims.feeder.zero_sequence import add_zero_sequence
from sims.vector import Child, Model, Port, VectorSimulator

FED_BACK = ("transformer_loading_max_percent", "vm_min_pu", "limits", "vm_evse_pu")


class FeederSimulator(VectorSimulator):
    """Draws what buildings and ports take from their buses and solves the power flow of the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Feeder": Model(
            params=[
                "network",
                "options",
                "folder",
                "engine",
                "zero_sequence",
                "sites",
                "open_buses",
                "background",
                "pv",
                "stop_on_divergence",
                "thermal",
                "limits_for",
                "tap_changers",
            ],
            inputs={
                "building_kw": Port("active power of each site's building [kW]", many=True, optional=True),
                "building_kvar": Port("reactive power of each building [kvar]", many=True, optional=True),
                "evse_kw": Port("power of each site's ports [kW]", many=True, optional=True),
                "evse_phases": Port("phases in use at each site's ports [-]", many=True, optional=True),
                "bus_kw": Port("active power drawn at open buses, by row [kW]", optional=True),
                "bus_kvar": Port("reactive power drawn at open buses, by row [kvar]", optional=True),
            },
            outputs={
                "vm_pu": Port("voltage of each bus, NaN when not converged [pu]", nan=True),
                "line_loading_percent": Port("by current, NaN when not converged [%]", nan=True),
                "transformer_loading_percent": Port("by current, NaN when not converged [%]", nan=True),
                "transformer_loading_max_percent": Port("highest of all transformers [%]", nan=True),
                "vm_min_pu": Port("lowest of all buses [pu]", nan=True),
                "import_kw": Port("power drawn from the grid above [kW]"),
                "losses_kw": Port("losses of lines and transformers [kW]"),
                "converged": Port("1 when the power flow has a solution, else 0 [-]"),
                "vm_phase_pu": Port(
                    "voltage of L1, L2, L3 of each bus, by `power-grid-model` [pu]", nan=True
                ),
                "unbalance_percent": Port("negative over positive sequence of each bus [%]", nan=True),
                "ambient_c": Port("air around the transformers [degC]"),
                "theta_topoil_c": Port("top oil at the step's end, NaN out of service [degC]", nan=True),
                "theta_hotspot_c": Port("hot spot at the step's end, NaN out of service [degC]", nan=True),
                "ageing_rate": Port("relative ageing of the paper, mean, NaN out of service [-]", nan=True),
                "tap_pos": Port("tap position of each transformer, NaN without taps [-]", nan=True),
                "limits": Port("of each site: the feeder around it, if in `limits_for`", nan=True),
                "vm_evse_pu": Port("voltage at each port, a list a site, NaN when unknown [pu]", nan=True),
                "evse_kvar": Port("reactive power of each port, a list a site [kvar]"),
                "volt_var_settled": Port("1 when every port is on its Q(V) curve, else 0 [-]"),
            },
            children={
                "Site": Child(
                    outputs={"limits": "limits", "vm_evse_pu": "vm_evse_pu", "evse_kvar": "evse_kvar"}
                ),
                "Bus": Child(outputs={"vm_pu": "vm_pu"}, inputs={"p_kw": "bus_kw", "q_kvar": "bus_kvar"}),
                "Line": Child(outputs={"loading_percent": "line_loading_percent"}),
                "Transformer": Child(
                    outputs={
                        "loading_percent": "transformer_loading_percent",
                        "theta_topoil_c": "theta_topoil_c",
                        "theta_hotspot_c": "theta_hotspot_c",
                        "tap_pos": "tap_pos",
                    }
                ),
            },
        )
    }

    EXTRA_METHODS = ("fed_back",)

    def make(self, eid: str, model: str, **params: Any) -> Feeder:
        """Feeder of a network.

        Parameters are `network` (a pandapower net, or what `load_network` takes together with `options`
        and `folder`), `engine`, `zero_sequence` ("typical" completes a network loaded here), `sites` (by site
        name: `building_bus` and `evse_bus`, bus indices; `places.py` has what a flow by phases asks besides;
        `reactive`, see `ChargerReactive`; `volt_watt`, whether its fleet is told the voltage at its ports),
        `open_buses` (names of buses other simulators may load through `Bus` children), `background`
        (`p_kw` and `q_kvar` of the network's own loads, one row a step), `pv` (`bus` indices of plants and
        their generation `p_kw`, one row a step), `stop_on_divergence`, `thermal` (`parameters`, `paper`
        and `ambient_c` of the transformers' `Heat`; without it none is published), `limits_for` (names of
        the sites whose `Site` child tells limits and sensitivities) and `tap_changers` (see `TapRegulator`).
        """
        net, asked = params.pop("network"), dict(params)
        options, folder = asked.pop("options", {}), asked.pop("folder", ".")
        zero_sequence = asked.pop("zero_sequence", "network")
        if isinstance(net, str):
            net = load_network(net, options, Path(folder))
            if zero_sequence == "typical":
                add_zero_sequence(net)
        rows = {bus: row for row, bus in enumerate(net.bus.index)}
        named = [find_bus(net, bus, "open_buses") for bus in asked.pop("open_buses", ())]
        return make_feeder(
            net,
            asked.pop("engine", "zbus"),
            step_s=self.step_s,
            sites=asked.pop("sites", {}),
            open_bus={rows[bus]: bus for bus in named},
            **asked,
        )

    def fed_back(self, eid: str) -> dict[str, Any]:
        """What controllers and fleets get one step later; before the first step NaN, as `initial_data`."""
        known = self.entities[eid].unknown() | self._published.get(eid, {})
        return {port: known[port] for port in FED_BACK}

    def get_state(self) -> dict[str, Any]:
        return {
            eid: {"fed_back": self.fed_back(eid), **feeder.get_state()}
            for eid, feeder in self.entities.items()
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        for eid, known in state.items():
            self._published[eid] = dict(known["fed_back"])
            self.entities[eid].set_state(known)

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        feeder: Feeder = self.entities[eid]
        return {
            "Site": [f"site/{name}" for name in feeder.sites],
            "Bus": [f"bus/{name}" for name in feeder.names["bus"]],
            "Line": [f"line/{name}" for name in feeder.names["line"]],
            "Transformer": [f"transformer/{name}" for name in feeder.names["trafo"]],
        }

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        return self.entities[eid].step(k, received)
