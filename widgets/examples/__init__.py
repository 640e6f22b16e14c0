"""Two made-up merchants, for the demo and for tests: a grocery and a shoemaker."""
