"""OpenADR 3.1 events in, events and reports out."""
