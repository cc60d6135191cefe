"""Support code that several tests share: servers, clients, seed data, random inputs and the reference executor."""
