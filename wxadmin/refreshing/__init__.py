"""Decisions about refreshing: when, what for, how fast, and what an answer leads to. They know neither the database nor
WeChat: moments and chances are given to them."""
