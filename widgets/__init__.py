"""What is shown in a shop's page."""
