"""The only room that awaits both WeChat and the database."""
