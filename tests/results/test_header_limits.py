"""What HDF5 holds only with care: long texts as attributes, odd names, very many columns."""

from dataclasses import replace

import numpy as np
import synthetic

from cosim.results import RunWriter, open_run


def test_long_attributes_odd_names_and_many_columns(tmp_path):
    buses = ("a/b", ".", "..", "/", *(f"bus.{i}" for i in range(100_000)))
    changes = tuple(f"file cars_{i}.csv: {'x' * 1000}" for i in range(100))
    sites = (replace(synthetic.OFFICE, name="of.fi.ce", evse=("1/2", "..")), synthetic.YARD)
    clock = replace(synthetic.CLOCK, n_steps=2)
    header = replace(synthetic.HEADER, clock=clock, buses=buses, resumed_with_changes=changes, sites=sites)
    blocks = {path.replace("/office/", "/of.fi.ce/"): v[:2] for path, v in synthetic.blocks().items()}
    blocks["feeder/vm_pu"] = np.tile(np.arange(float(len(buses))), (2, 1))
    with RunWriter(tmp_path / "run.h5", header) as writer:
        writer.write_segment(0, blocks)
        writer.finish(
            {"of.fi.ce": synthetic.sessions(0), "yard": synthetic.sessions(0)},
            {"of.fi.ce": synthetic.ports(), "yard": synthetic.ports(0)},
        )
    run = open_run(tmp_path / "run.h5")
    assert run.header == header
    assert sum(map(len, changes)) > 65_536
    np.testing.assert_array_equal(run.feeder.vm_pu, blocks["feeder/vm_pu"])
    assert list(run.site("of.fi.ce").frame()["evse_kw"].columns) == ["1/2", ".."]
