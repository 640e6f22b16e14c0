"""The demo: two merchants on one Lastbook, loaded through the front door."""
