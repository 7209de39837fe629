"""What speaks HTTP: parse, call one thing, render."""
