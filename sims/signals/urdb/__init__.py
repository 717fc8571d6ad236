"""Rates of OpenEI's utility rate database (URDB) as tariffs."""
