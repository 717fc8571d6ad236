"""Runs the simulator out of process: `python -m sims.fleet HOST:PORT`."""

import sys

from mosaik_api_v3 import start_simulation

from sims.fleet.simulator import FleetSimulator

if __name__ == "__main__":
    sys.exit(start_simulation(FleetSimulator()))
