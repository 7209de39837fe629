"""Lists as files: what rows tell of, columns, formats, what destinations want, and the making of the files."""
