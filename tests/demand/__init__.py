"""Demand boards, forecasts, production exports and audiences of campaigns."""
