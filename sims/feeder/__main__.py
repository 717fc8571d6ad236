"""Runs the simulator out of process: `python -m sims.feeder HOST:PORT`."""

import sys

from mosaik_api_v3 import start_simulation

from sims.feeder.simulator import FeederSimulator

if __name__ == "__main__":
    sys.exit(start_simulation(FeederSimulator()))
