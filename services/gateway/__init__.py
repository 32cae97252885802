"""The only door from outside: JSON over HTTP for consumers, pages for people."""
