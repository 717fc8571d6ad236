"""The low-voltage feeder: network, pre-check, power flow."""
