"""Buildings: the inflexible load of a site."""
