"""Which phase of the feeder buildings and ports are wired to."""

from cosim.scenario.schema import Scenario, Site

PHASES = ("L1", "L2", "L3")


def building_phase(site: Site) -> int:
    """Phase a site's building draws on: 1, 2, 3, or 0 for all three alike."""
    building = site.building
    return 0 if building is None or building.phase is None else PHASES.index(building.phase) + 1


def port_phases(scenario: Scenario) -> list[list[int]]:
    """Feeder phase (1, 2, 3) of the first conductor of every port, by site.

    Rotating ports count through the whole scenario: a street of houses with one wallbox each is as even as
    one site with many.
    """
    turn, phases = 0, []
    for site in scenario.sites:
        of_site: list[int] = []
        for group in site.chargers:
            if group.phase == "rotating":
                of_site += [(turn + i) % 3 + 1 for i in range(group.count)]
                turn += group.count
            else:
                of_site += [PHASES.index(group.phase) + 1] * group.count
        phases.append(of_site)
    return phases
