"""What a text that somebody pasted may mean: decided by itself, without the database and without the web."""
