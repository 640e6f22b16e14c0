"""Journeys: what a person does, from end to end, on the real server and in a real browser."""
