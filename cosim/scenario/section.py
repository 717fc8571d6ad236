"""The base of every table of the scenario file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the scenario file: unknown keys are errors, values are finite, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
