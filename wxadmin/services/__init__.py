"""Decisions and writes: the session or batch comes first, nothing commits, nothing calls WeChat."""
