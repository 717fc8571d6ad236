"""Every figure of a run, drawn when asked for; the report shows them all."""

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run


class RunPlots:
    """The figures of a `Run`, which is made of this class and what it stores."""

    @property
    def _run(self) -> "Run":
        return cast("Run", self)

    def plot_site(self, name: str) -> "Figure":
        """Net power with and without EVs, threshold, billed peaks, and the demand charge as it grows."""
        from cosim.results.figures.power import site_power

        return site_power(self._run, name)

    def plot_energy(self, name: str) -> "Figure":
        """Energy of building and chargers in every quarter of an hour."""
        from cosim.results.figures.power import energy_split

        return energy_split(self._run, name)

    def plot_duration(self, name: str) -> "Figure":
        """For how much of the time the site's power lies above a value."""
        from cosim.results.figures.duration import site_duration

        return site_duration(self._run, name)

    def plot_bill(self, name: str) -> "Figure":
        """From the bill of the building alone to that of the site, kind by kind."""
        from cosim.results.figures.money import bill_waterfall

        return bill_waterfall(self._run, name)

    def plot_car_costs(self, name: str) -> "Figure":
        """Energy and energy cost of every car of a site, and how the costs are spread."""
        from cosim.results.figures.money import ev_costs

        return ev_costs(self._run, name)

    def plot_prices(self, name: str) -> "Figure":
        """What energy costs and emits at a site: market, price drawn and fed back, CO2."""
        from cosim.results.figures.prices import site_prices

        return site_prices(self._run, name)

    def plot_event(self, site: str, event_id: str) -> "Figure":
        """Load of a site on the day of an event, against the baseline or the cap; the event is shaded."""
        from cosim.results.figures.events import event_day

        return event_day(self._run, site, event_id)

    def plot_rates(self, name: str) -> "Figure":
        """Power of every port of a site."""
        from cosim.results.figures.ports import port_rates

        return port_rates(self._run, name)

    def plot_occupancy(self, name: str) -> "Figure":
        """Which port held a car when, coloured by state of charge."""
        from cosim.results.figures.ports import port_occupancy

        return port_occupancy(self._run, name)

    def plot_soc(self, name: str) -> "Figure":
        """State of charge of every car of a site."""
        from cosim.results.figures.cars import car_soc

        return car_soc(self._run, name)

    def plot_availability(self, name: str) -> "Figure":
        """How many cars are connected, and which of them, or which port, when."""
        from cosim.results.figures.cars import availability

        return availability(self._run, name)

    def plot_transformer(self) -> "Figure":
        """Loading of the transformers against their rating."""
        from cosim.results.figures.feeder import transformer_loading

        return transformer_loading(self._run)

    def plot_loading_duration(self) -> "Figure":
        """For how much of the time the loading of the transformers lies above a value."""
        from cosim.results.figures.duration import loading_duration

        return loading_duration(self._run)

    def plot_heat(self) -> "Figure":
        """Hot spot, top oil and air above the loading of the transformers; of a run that has them."""
        from cosim.results.figures.thermal import transformer_heat

        return transformer_heat(self._run)

    def plot_voltages(self) -> "Figure":
        """Lowest, mean and highest voltage of every bus against the bands of two standards."""
        from cosim.results.figures.feeder import voltage_band

        return voltage_band(self._run)

    def plot_network(self, step: int | None = None) -> "Figure":
        """The feeder in one step, by default the one of highest loading; needs `has_network`."""
        from cosim.results.figures.network import feeder_picture

        return feeder_picture(self._run, step)
