"""Runs the simulator out of process: `python -m sims.signals HOST:PORT`."""

import sys

from mosaik_api_v3 import start_simulation

from sims.signals.simulator import SignalsSimulator

if __name__ == "__main__":
    sys.exit(start_simulation(SignalsSimulator()))
