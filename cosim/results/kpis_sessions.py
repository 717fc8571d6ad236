"""Key figures of the sessions of a site: service, energy and use of the batteries."""

from cosim.results.header import RunHeader, SiteHeader
from cosim.results.kpi_table import Figures
from cosim.results.layout import Arrays
from sims.fleet.usage import battery_usage

SHORT_KWH = 1e-6


def session_figures(header: RunHeader, site: SiteHeader, arrays: Arrays) -> Figures:
    """Key figures of the sessions and ports of one site.

    Service (missing, short, gap, excess) is judged on the sessions that had a port and whose stay the
    run covers whole; what sessions without a port missed is a figure of its own.
    """
    table, group = f"sessions/{site.name}", f"sites/{site.name}"
    connected = arrays[f"{table}/connected"] == 1
    too_short, censored = arrays[f"{table}/too_short"] == 1, arrays[f"{table}/censored"] == 1
    judged = connected & ~censored
    missing_kwh = arrays[f"{table}/missing_kwh"]
    above = arrays[f"{table}/soc_departure"] - arrays[f"{table}/soc_required"]
    gap_kwh = (above * arrays[f"{table}/capacity_kwh"])[judged]
    occupied = (arrays[f"{group}/session"] >= 0).sum(axis=1)
    return {
        "sessions": len(connected),
        "sessions_connected": int(connected.sum()),
        "sessions_never_connected": int((~connected & ~too_short).sum()),
        "sessions_too_short": int(too_short.sum()),
        "sessions_censored": int(censored.sum()),
        "sessions_short": int((missing_kwh[judged] > SHORT_KWH).sum()),
        "missing_kwh": float(missing_kwh[judged].sum()),
        "unavoidable_kwh": float(arrays[f"{table}/unavoidable_kwh"][judged].sum()),
        "never_connected_kwh": float(missing_kwh[~connected & ~censored].sum()),
        "energy_gap_kwh": float(gap_kwh.sum()),
        "excess_kwh": float(gap_kwh.clip(min=0.0).sum()),
        "mean_occupied_ports": float(occupied.mean()),
        "max_occupied_ports": int(occupied.max()),
        "clamped_requests": int(arrays[f"{group}/clamped_requests"].sum()),
        "battery_throughput_kwh": _throughput_kwh(header, site, arrays),
    }


def _throughput_kwh(header: RunHeader, site: SiteHeader, arrays: Arrays) -> float:
    """Energy that went into and out of all batteries, on the battery side [kWh]."""
    group, table = f"sites/{site.name}", f"sessions/{site.name}"
    usage = battery_usage(
        arrays[f"{group}/soc"],
        arrays[f"{group}/session"],
        arrays[f"{group}/soc_end"],
        arrays[f"{table}/soc_departure"],
        arrays[f"{table}/departure"],
        header.clock.step_s,
    )
    return float((2.0 * usage.cycles * arrays[f"{table}/capacity_kwh"]).sum())
