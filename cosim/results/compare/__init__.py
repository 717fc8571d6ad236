"""What differs between runs: key figures, scenarios, courses, and the page that shows it."""
