"""The project beside its peers, measured in one run on one machine: see README.md in this folder."""
