"""The JSON API for scripts of the staff: same people, same roles, same masks as the dashboard."""
