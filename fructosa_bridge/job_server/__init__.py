"""Answers questions about jobs at a unix socket, to everybody about their own."""
