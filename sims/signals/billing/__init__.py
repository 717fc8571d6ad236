"""Bills: from a load and a tariff to line items."""
