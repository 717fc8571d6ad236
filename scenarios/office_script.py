"""The office month under three policies, built in Python: copy this file and change it.

    python scenarios/office_script.py

Prints the table of the README: uncontrolled charging overloads the transformer, charging only what is
required still does, least laxity first below the building's own peak does not.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import cosim

HERE = Path(__file__).parent
POLICIES: dict[str, dict[str, Any]] = {
    "uncontrolled": {},
    "required": {},
    "llf": {"peak_threshold_kw": 210},
}


def office(policy: str, parameters: dict[str, Any]) -> cosim.Scenario:
    """The scenario of office_v2b.toml with another policy, as a Python object."""
    chargers = [
        {"count": 10, "kind": "unidirectional", "p_max_kw": 20, "connection": "unidirectional_board"},
        {"count": 5, "kind": "bidirectional", "p_max_kw": 20, "connection": "bidirectional_board"},
    ]
    site = {
        "name": "office",
        "connection": "main_board",
        "tariff": "svp_cb1_paper",
        "emissions": {"average": {"file": "data/pge_moer_2019-06.csv"}},
        "building": {
            "profile": "data/office_g0m_2019-06.csv",
            "peak_kw": 210,
            "connection": "building_board",
        },
        "chargers": chargers,
        "fleet": {"sessions": "data/jpl_level1_2019-06.csv"},
        "policy": {"name": policy, **parameters},
    }
    described = {
        "name": f"office_{policy}",
        "start": datetime(2019, 6, 1),
        "days": 30,
        "timezone": "America/Los_Angeles",
        "feeder": {"network": "office_site", "options": {"transformer_kva": 250}},
        "sites": [site],
    }
    return cosim.Scenario.in_folder(HERE, described)


def main(folder: Path) -> None:
    """Run the three policies into `folder` and print how they compare."""
    print("policy        bill USD  peak kW  transformer %  overload min  missing kWh  sessions short")
    for policy, parameters in POLICIES.items():
        run = cosim.run(office(policy, parameters), folder / f"office_{policy}.h5", overwrite=True)
        site, (transformer,) = run.kpis["sites"]["office"], run.kpis["transformers"].values()
        print(
            f"{policy:12} {site['bill_total']:9,.2f} {site['billed_peak_kw']:8.1f}"
            f" {transformer['max_loading_percent']:14.1f} {transformer['overload_minutes']:13.0f}"
            f" {site['missing_kwh']:12.1f} {site['sessions_short']:15d}"
        )


if __name__ == "__main__":
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results")
    results.mkdir(exist_ok=True)
    main(results)
