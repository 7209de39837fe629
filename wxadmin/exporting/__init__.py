"""Users as files: columns, formats, what each destination wants, and the making of the files."""
