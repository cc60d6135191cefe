"""What tests share: servers, clients, seed data, random inputs and the reference executor."""
