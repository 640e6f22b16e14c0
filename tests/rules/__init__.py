"""Rules and placements: what a merchant decides, stored, judged, applied and reported."""
