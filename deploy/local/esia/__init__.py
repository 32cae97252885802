"""A stand-in for ESIA: a server of its own that client systems cannot tell from the original.

It serves the authorisation and token endpoints, persons and their collections, sign-in and consent pages,
and refuses what ESIA refuses with ESIA's codes. Everything it knows comes from two files, ``systems.toml``
and ``people.toml``; see the README in this folder.
"""
