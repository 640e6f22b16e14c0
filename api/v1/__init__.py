"""The server API, version 1: for a merchant's own servers, with a secret key."""
