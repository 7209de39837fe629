"""The commands, one subject a file. What they need beyond typer is imported when they run."""
