"""The base of every table of the scenario file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the scenario file: unknown keys are errors, values are finite, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def differs(self, key: str) -> bool:
        """Whether a key says anything but its default: a dumped scenario writes all defaults out."""
        return getattr(self, key) != type(self).model_fields[key].default
