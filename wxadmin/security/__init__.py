"""Keys and sealing, hashing, safe return addresses."""
