"""The dashboard: pages for staff."""
