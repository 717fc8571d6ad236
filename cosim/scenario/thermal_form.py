"""`[feeder.thermal]`: what is known of the transformers' heat and paper."""

from typing import Literal

from pydantic import Field

from cosim.scenario.section import Section


class Thermal(Section):
    """Heat and life of the feeder's transformers by IEC 60076-7; needs `[weather]`.

    Keys below `paper` replace single numbers of the preset, for all transformers.
    """

    preset: str = Field(
        description="typical characteristics of a class of units (sims/feeder/presets/transformers.toml)",
        examples=["onan_distribution"],
    )
    paper: Literal["kraft", "upgraded"] = Field(
        description="winding paper: `kraft` (reference 98 degC) or thermally `upgraded` (110 degC); "
        "changes the loss of life several-fold",
        examples=["kraft"],
    )
    loss_ratio: float | None = Field(
        default=None, ge=0.1, le=1000, description="R: load losses at rated current over no-load losses [-]"
    )
    oil_exponent: float | None = Field(default=None, ge=0.1, le=3, description="x: oil exponent [-]")
    winding_exponent: float | None = Field(default=None, ge=0.1, le=3, description="y: winding exponent [-]")
    tau_oil_min: float | None = Field(
        default=None, ge=1, le=10_000, description="tau_o: oil time constant [min]"
    )
    tau_winding_min: float | None = Field(
        default=None, ge=0.1, le=1000, description="tau_w: winding time constant [min]"
    )
    k11: float | None = Field(default=None, ge=0.1, le=10, description="constant of the thermal model [-]")
    k21: float | None = Field(default=None, ge=1, le=10, description="constant of the thermal model [-]")
    k22: float | None = Field(default=None, ge=0.1, le=10, description="constant of the thermal model [-]")
    topoil_rise_k: float | None = Field(
        default=None, ge=1, le=150, description="top-oil rise over ambient at rated losses [K]"
    )
    gradient_k: float | None = Field(
        default=None, ge=0, le=100, description="g_r: winding to oil gradient at rated current [K]"
    )
    hotspot_factor: float | None = Field(default=None, ge=1, le=5, description="H: hot-spot factor [-]")

    @property
    def changes(self) -> dict[str, float]:
        """The numbers that replace those of the preset, by name."""
        return self.model_dump(exclude={"preset", "paper"}, exclude_none=True)
