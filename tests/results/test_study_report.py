"""The page of a study: small studies of every shape, and one in a real browser."""

import pytest
from made_up_study import FULL, POLICIES, study

from cosim.results.pages.gallery import Gallery
from cosim.study.report import study_html
from cosim.study.study import Study, open_study


def shown(one: Study) -> tuple[str, set[str]]:
    gallery = Gallery()
    return study_html(one, gallery), set(gallery.figures)


def test_a_study_of_many_axes_has_every_figure(tmp_path):
    html, names = shown(study(tmp_path, FULL, [1, 2], failed=[3]))
    assert names == {
        *("pareto", "spread-n_ports", "spread-transformer_kva", "sensitivity", "hosting"),
        *("map-cost-n_ports-transformer_kva", "map-max_loading_percent-n_ports-transformer_kva"),
    }
    assert "Failed cases (1)" in html
    assert "SimulationError: &lt;b&gt;no&lt;/b&gt;" in html
    # 6 % a port: 100 % at 16.7 ports
    assert "uncontrolled: meets the limit at 16.7 (holds at 15, broken at 25)" in html
    outside_scripts = html.replace("plotly", "")
    assert "<b>own</b>" not in outside_scripts
    assert "made <i>up</i>" not in outside_scripts


@pytest.mark.parametrize(
    ("axes", "seeds"),
    [
        ({"policy": POLICIES}, [1, 2]),
        ({"policy": POLICIES}, []),
        ({"n_ports": [5, 10]}, []),
        ({"x": [0.1 * i for i in range(30)]}, []),
        ({}, [1]),
        ({"a": [None, True], "b": ["x", 1]}, [7]),
    ],
)
def test_studies_of_every_shape_have_a_page(tmp_path, axes, seeds):
    html, _ = shown(study(tmp_path, axes, seeds))
    assert "<h2>Cases</h2>" in html
    assert "Failed cases" not in html


def test_a_study_without_a_result_says_so(tmp_path):
    html, names = shown(study(tmp_path, {"policy": ["a", "b"]}, [], failed=[0, 1]))
    assert "no case has a result yet" in html
    assert "Failed cases (2)" in html
    assert names == set()


def test_unknown_figures_stay_unknown(tmp_path):
    def without_cost(made, asked):
        return {
            key: value
            for key, value in made.items()
            if key != "totals.bill_total" or asked["policy"] == "llf"
        }

    html, _ = shown(study(tmp_path, {"policy": POLICIES}, [1], judge=without_cost))
    assert html.count('data-v=""') >= 2
    assert "nan" not in html.split("Cases</h2>")[1].lower()


def test_a_page_has_the_same_bytes_again(tmp_path):
    one = study(tmp_path, {"policy": POLICIES}, [1])
    first = one.report().read_bytes()
    assert one.report() == tmp_path / "report.html"
    assert open_study(tmp_path).report().read_bytes() == first


def test_numbers_of_the_table_are_those_of_the_markers(tmp_path):
    html, _ = shown(study(tmp_path, {"n_ports": [5, 15]}, [1]))
    assert f'data-v="{1501.0!r}">1,501.00</td>' in html
    assert "0.9400</td>" in html
