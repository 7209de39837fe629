"""Background jobs: one a file, run by the runner."""
