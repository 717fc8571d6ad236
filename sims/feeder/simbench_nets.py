"""SimBench's networks with their year of profiles; parsed once, then read from the user's cache.

The package is an extra: it is large, and parsing a code takes seconds.
"""

import io
import os
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandapower as pp
import pandas as pd
from pandapower.auxiliary import pandapowerNet

from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.feeder.network_json import parse_network
from sims.feeder.reference_year import Floats, YearProfiles

SIMBENCH = "simbench:"
# a leap year of 35,136 quarter hours; its time column says German local time, summer time and all
YEAR, ZONE, QUARTER_HOURS = 2016, "Europe/Berlin", 35_136
# what the cache file holds; another number is another file
CACHE_FORM = 1
# which tables of profiles each kind of element follows
KINDS = {"load": ("load",), "sgen": ("renewables", "powerplants"), "storage": ("storage",)}
NOT_TABLES = ("profiles", "loadcases", "substation")


def load_simbench(code: str, where: str = "feeder.network") -> tuple[pandapowerNet, YearProfiles]:
    """A network of SimBench and the profiles its loads follow.

    Parameters
    ----------
    code : str
        SimBench's code, `1-LV-semiurb4--0-sw`.
    where : str
        Place of the name in the scenario, for the error message.

    Returns
    -------
    net : pandapowerNet
        Its generators (PV, wind) and storages have become loads, generation negative, so that all of them
        follow their profile; taps have their effect.
    profiles : YearProfiles
        Of 2016, in the order of `net.load`.

    Raises
    ------
    ScenarioError
        The extra is not installed, or there is no such code.

    Notes
    -----
    Source: S. Meinecke et al., "SimBench - A Benchmark Dataset of Electric Power Systems to Compare
    Innovative Solutions Based on Power Flow Analysis", Energies 13(12), 3290, 2020.
    """
    try:
        release = version("simbench")
    except PackageNotFoundError:
        what = f'"{SIMBENCH}{code}": needs the package simbench: pip install "gridpark[simbench]"'
        raise ScenarioError([Fault("N09", where, what)]) from None
    _refuse_unknown(code, where)
    path = cache_folder() / f"simbench-{release}-{CACHE_FORM}-{code}.npz"
    if known := unpacked(_read(path), path.name):
        return known
    image = packed(*with_profiles(_get(code)))
    _keep(path, image)
    # through the file's form at once: text rounds the last digit, and every run shall be the same
    found = unpacked(image, path.name)
    if found is None:
        raise AssertionError(f"{path.name} cannot be read back")
    return found


def cache_folder() -> Path:
    """Folder of what can be made again: `$XDG_CACHE_HOME/gridpark`, by default `~/.cache/gridpark`."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else Path.home() / ".cache") / "gridpark"


def with_profiles(net: pandapowerNet) -> tuple[pandapowerNet, YearProfiles]:
    """The network as we use it, and its profiles, from what SimBench gives; `net` is changed.

    Parameters
    ----------
    net : pandapowerNet
        With a `profile` column in its load, sgen and storage tables, and in `net.profiles` one table a kind:
        columns `<profile>_pload`, `<profile>_qload` of loads, `<profile>` of the others [-].
    """
    shares = {"constant": (np.ones(QUARTER_HOURS), np.ones(QUARTER_HOURS))}
    of_load: list[str] = []
    for table, kinds in KINDS.items():
        names = net[table].get("profile", pd.Series(index=net[table].index, dtype=object))
        for name in names:
            key = f"{table} {name}" if isinstance(name, str) else "constant"
            if key not in shares:
                shares[key] = _shares(net.profiles, kinds, str(name))
            of_load.append(key)
    _all_as_loads(net)
    _let_taps_count(net)
    for name in NOT_TABLES:
        net.pop(name, None)
    keys = {key: i for i, key in enumerate(shares)}
    p, q = (np.column_stack([share[i] for share in shares.values()]) for i in (0, 1))
    return net, YearProfiles(YEAR, ZONE, p, q, np.array([keys[key] for key in of_load], dtype=np.int64))


def _shares(profiles: Any, kinds: tuple[str, ...], name: str) -> tuple[Floats, Floats]:
    """Active and reactive share of a profile; what is no load keeps its reactive power."""
    if kinds == ("load",):
        p, q = (profiles["load"][f"{name}_{end}"].to_numpy(float) for end in ("pload", "qload"))
        return p, q
    table = next(profiles[kind] for kind in kinds if name in profiles[kind])
    p = table[name].to_numpy(float)
    return p, np.ones(len(p))


def _all_as_loads(net: pandapowerNet) -> None:
    """Turn generators and storages into rows of the load table, load-positive."""
    for table, sign in (("sgen", -1.0), ("storage", 1.0)):
        for _, row in net[table].iterrows():
            pp.create_load(
                net,
                int(row["bus"]),
                p_mw=sign * row["p_mw"],
                q_mvar=sign * row["q_mvar"],
                name=row["name"],
                scaling=row["scaling"],
                in_service=bool(row["in_service"]),
            )
        net[table] = net[table].iloc[:0]


def _let_taps_count(net: pandapowerNet) -> None:
    """pandapower >= 3 ignores a tap whose kind of changer is not said, and SimBench says none."""
    ratio = net.trafo["tap_step_percent"].fillna(0.0) != 0.0
    net.trafo["tap_changer_type"] = net.trafo["tap_changer_type"].astype(object)
    net.trafo.loc[ratio & net.trafo["tap_changer_type"].isna(), "tap_changer_type"] = "Ratio"


def _refuse_unknown(code: str, where: str) -> None:
    codes = _package().collect_all_simbench_codes()
    if code not in codes:
        what = f'"{SIMBENCH}{code}": no such code of SimBench; {_near(code, codes)}'
        raise ScenarioError([Fault("N01", where, what)])


def _near(code: str, codes: list[str]) -> str:
    hint = nearest(code, codes)
    return hint if hint.startswith("nearest") else f"{len(codes)} there are, for example {codes[0]}"


def _get(code: str) -> pandapowerNet:
    return _package().get_simbench_net(code)


def _package() -> Any:
    """The extra, imported by name: where it is not installed, nothing else of this file needs it."""
    return import_module("simbench")


def packed(net: pandapowerNet, profiles: YearProfiles) -> bytes:
    """A parsed code as the bytes of its cache file."""
    text = np.frombuffer(pp.to_json(net).encode(), dtype=np.uint8)
    image = io.BytesIO()
    np.savez_compressed(image, net=text, p=profiles.p, q=profiles.q, of_load=profiles.of_load)
    return image.getvalue()


def unpacked(image: bytes, called: str) -> tuple[pandapowerNet, YearProfiles] | None:
    """What `packed` put into the bytes of a file, or None when they are not whole."""
    try:
        with np.load(io.BytesIO(image), allow_pickle=False) as kept:
            net = parse_network(kept["net"].tobytes().decode(), called)
            return net, YearProfiles(YEAR, ZONE, kept["p"], kept["q"], kept["of_load"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, DataError):
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _keep(path: Path, image: bytes) -> None:
    """Write a cache file, whole or not at all; without a place for it, the code is parsed again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(image)
        Path(file.name).replace(path)
    except OSError:
        return
