"""Faults: machines and processes killed under load, on machines of their own that keep what they acknowledge."""
