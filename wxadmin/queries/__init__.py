"""Reads. One builder a subject; nothing here writes."""
