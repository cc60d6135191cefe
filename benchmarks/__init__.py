"""Comparison of the project with other GraphQL servers in one run on one machine: see README.md in this folder."""
