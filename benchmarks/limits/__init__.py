"""Upper bounds: servers that send one SQL statement and return its result as the finished response."""
