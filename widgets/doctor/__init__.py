"""Doctor: opens a shop's page as a shopper's browser does, and says how Lastbook does in it."""
