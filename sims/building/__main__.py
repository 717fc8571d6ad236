"""Runs the simulator out of process: `python -m sims.building HOST:PORT`."""

import sys

from mosaik_api_v3 import start_simulation

from sims.building.simulator import BuildingSimulator

if __name__ == "__main__":
    sys.exit(start_simulation(BuildingSimulator()))
