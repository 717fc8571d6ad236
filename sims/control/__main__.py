"""Runs the simulator out of process: `python -m sims.control HOST:PORT`."""

import sys

from mosaik_api_v3 import start_simulation

from sims.control.simulator import ControlSimulator

if __name__ == "__main__":
    sys.exit(start_simulation(ControlSimulator()))
