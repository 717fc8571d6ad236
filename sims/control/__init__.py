"""Controllers: what power each port gets, decided from what is known now."""
