"""The public API: what a shop's page may ask and tell, with a publishable key."""
