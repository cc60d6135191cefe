"""Tests of the whole system under load, concurrency, process kills and lost connections."""
