"""Tests, in folders named after the packages that they test; `support` holds what they share."""
