"""Every key a URDB rate may have: billed elsewhere, refused, kept as a note, or of no account for a bill."""

from sims.faults import nearest
from sims.signals.urdb.file import Rate, shown

BILLED = frozenset(
    (
        *("energyratestructure", "energyweekdayschedule", "energyweekendschedule", "fueladjustmentsmonthly"),
        *("demandratestructure", "demandweekdayschedule", "demandweekendschedule", "demandrateunit"),
        *("flatdemandstructure", "flatdemandmonths", "flatdemandunit", "demandwindow"),
        *("lookbackmonths", "lookbackrange", "lookbackpercent"),
        *("fixedmonthlycharge", "fixedchargefirstmeter", "fixedchargeunits"),
        *("mincharge", "minchargeunits", "minmonthlycharge", "annualmincharge"),
        *("name", "label", "utility", "eiaid", "sector", "source", "uri", "startdate", "enddate", "country"),
    )
)
# who wrote the entry and when, what it replaces, words for its periods, units of what is refused below
WITHOUT_MONEY = frozenset(
    (
        *("_id", "revisions", "latest_update", "version", "is_default", "supersedes", "supercedes"),
        *("sourceparent", "energytoulabels", "demandtoulabels", "demandlabels", "flatdemandlabels"),
        *("coincidentrateunit", "coincidentschedule", "coincidentrateschedule"),
    )
)
WHO_MAY_TAKE_IT = (
    *("peakkwcapacitymin", "peakkwcapacitymax", "peakkwcapacityhistory", "demandunits"),
    *("peakkwhusagemin", "peakkwhusagemax", "peakkwhusagehistory"),
    *("voltageminimum", "voltagemaximum", "voltagecategory", "phasewiring"),
)
COMMENTS = ("description", "basicinformationcomments", "energycomments", "demandcomments")
NOT_BILLED = {
    "coincidentratestructure": "demand at the hour of the utility's own peak is not billed",
    "demandreactivepowercharge": "reactive power is not billed",
    "demandratchetpercentage": "says no months to look back at; lookbackpercent with lookbackrange is billed",
    "energyattrs": "charges outside the rate structures are not billed",
    "demandattrs": "charges outside the rate structures are not billed",
    "fixedattrs": "charges outside the rate structures are not billed",
}
INSTANTANEOUS = "net billing instantaneous"
ALL_KEYS = (
    *(*BILLED, *WITHOUT_MONEY, *WHO_MAY_TAKE_IT, *COMMENTS, *NOT_BILLED),
    *("usenetmetering", "dgrules", "servicetype", "fixedchargeeaaddl", "approved"),
)


def check_keys(rate: Rate) -> None:
    """Refuse what is not billed and what is not known; keep as notes what a bill cannot show."""
    for key, value in rate.keys.items():
        if key not in ALL_KEYS:
            rate.fault("D06", key, f"{shown(value)}: unknown key; {nearest(key, ALL_KEYS)}")
        elif key in NOT_BILLED and not _costs_nothing(value):
            rate.fault("D38", key, f"{shown(value)}: {NOT_BILLED[key]}; take it out to bill the rest")
    _check_export(rate)
    _keep_notes(rate)


def _check_export(rate: Rate) -> None:
    """Fed-back energy earns `sell` in the step it is fed back in; every other rule is refused."""
    without = "only `sell` step by step is billed; take the key out to bill that"
    netting = rate.keys.get("usenetmetering")
    if netting is not None and netting not in (False, 0):
        rate.fault("D38", "usenetmetering", f"{shown(netting)}: netting over a month or year: {without}")
    rule = rate.keys.get("dgrules")
    if rule is not None and rate.text("dgrules").lower() != INSTANTANEOUS:
        rate.fault("D38", "dgrules", f'{shown(rule)}: allowed: "Net Billing Instantaneous"; {without}')


def _keep_notes(rate: Rate) -> None:
    given = [f"{key} = {rate.text(key)}" for key in WHO_MAY_TAKE_IT if key in rate.keys]
    if given:
        rate.notes.append(f"who may take the rate is not checked: {', '.join(given)}")
    if rate.text("servicetype").lower() not in ("", "bundled"):
        rate.notes.append(f"only a part of a bill: servicetype = {rate.text('servicetype')}")
    if not _costs_nothing(rate.keys.get("fixedchargeeaaddl", 0)):
        rate.notes.append(f"one meter is billed; each further one: {rate.text('fixedchargeeaaddl')}")
    if rate.keys.get("approved", True) in (False, 0):
        rate.notes.append("no expert has approved the entry")
    rate.notes.extend(f"{key}: {rate.text(key)}" for key in COMMENTS if key in rate.keys)


def _costs_nothing(value: object) -> bool:
    """Whether every price in a value is zero; a text may say anything."""
    if isinstance(value, dict):
        return all(_costs_nothing(part) for key, part in value.items() if key not in ("max", "unit"))
    if isinstance(value, list):
        return all(map(_costs_nothing, value))
    return value is None or (isinstance(value, int | float) and value == 0)
