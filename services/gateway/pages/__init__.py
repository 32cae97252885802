"""The web pages for people: server-rendered, complete without JavaScript, improved by one small script."""
