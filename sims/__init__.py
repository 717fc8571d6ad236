"""Independent simulators: buildings, EV fleets, price signals, controllers and the feeder."""
