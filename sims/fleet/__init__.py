"""EVs and their chargers: who comes when, at which port, and what the battery does."""
