"""Platforms of SMS that are reached by HTTP, each described by a file: 云MAS and its kind, Kannel."""
