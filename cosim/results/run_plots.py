"""Every figure of a run, drawn when asked for; the report shows them all."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run


class RunPlots:
    """The figures of a `Run`."""

    def plot_site(self: "Run", name: str) -> "Figure":
        """Net power with and without EVs, threshold, billed peaks, and the demand charge as it grows."""
        from cosim.results.plots_power import site_power

        return site_power(self, name)

    def plot_energy(self: "Run", name: str) -> "Figure":
        """Energy of building and chargers in every quarter of an hour."""
        from cosim.results.plots_power import energy_split

        return energy_split(self, name)

    def plot_duration(self: "Run", name: str) -> "Figure":
        """For how much of the time the site's power lies above a value."""
        from cosim.results.plots_duration import site_duration

        return site_duration(self, name)

    def plot_bill(self: "Run", name: str) -> "Figure":
        """From the bill of the building alone to that of the site, kind by kind."""
        from cosim.results.plots_money import bill_waterfall

        return bill_waterfall(self, name)

    def plot_car_costs(self: "Run", name: str) -> "Figure":
        """Energy and energy cost of every car of a site, and how the costs are spread."""
        from cosim.results.plots_money import ev_costs

        return ev_costs(self, name)

    def plot_prices(self: "Run", name: str) -> "Figure":
        """What energy costs and emits at a site: market, price drawn and fed back, CO2."""
        from cosim.results.plots_prices import site_prices

        return site_prices(self, name)

    def plot_event(self: "Run", site: str, event_id: str) -> "Figure":
        """Load of a site on the day of an event, against the baseline or the cap; the event is shaded."""
        from cosim.results.plots_events import event_day

        return event_day(self, site, event_id)

    def plot_rates(self: "Run", name: str) -> "Figure":
        """Power of every port of a site."""
        from cosim.results.plots_ports import port_rates

        return port_rates(self, name)

    def plot_occupancy(self: "Run", name: str) -> "Figure":
        """Which port held a car when, coloured by state of charge."""
        from cosim.results.plots_ports import port_occupancy

        return port_occupancy(self, name)

    def plot_soc(self: "Run", name: str) -> "Figure":
        """State of charge of every car of a site."""
        from cosim.results.plots_cars import car_soc

        return car_soc(self, name)

    def plot_availability(self: "Run", name: str) -> "Figure":
        """How many cars are connected, and which of them, or which port, when."""
        from cosim.results.plots_cars import availability

        return availability(self, name)

    def plot_transformer(self: "Run") -> "Figure":
        """Loading of the transformers against their rating."""
        from cosim.results.plots_feeder import transformer_loading

        return transformer_loading(self)

    def plot_loading_duration(self: "Run") -> "Figure":
        """For how much of the time the loading of the transformers lies above a value."""
        from cosim.results.plots_duration import loading_duration

        return loading_duration(self)

    def plot_heat(self: "Run") -> "Figure":
        """Hot spot, top oil and air above the loading of the transformers; of a run that has them."""
        from cosim.results.plots_thermal import transformer_heat

        return transformer_heat(self)

    def plot_voltages(self: "Run") -> "Figure":
        """Lowest, mean and highest voltage of every bus against the bands of two standards."""
        from cosim.results.plots_feeder import voltage_band

        return voltage_band(self)

    def plot_network(self: "Run", step: int | None = None) -> "Figure":
        """The feeder in one step, by default the one of highest loading; needs `has_network`."""
        from cosim.results.network_plot import feeder_picture

        return feeder_picture(self, step)
