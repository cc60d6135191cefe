"""Tests, in folders named after the packages that they test; `support` holds the code that they share."""
