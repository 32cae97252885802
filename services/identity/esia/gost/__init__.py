"""GOST R 34.10-2012 and 34.11-2012 (256 bits) in the byte order that ESIA and OpenSSL's gost engine speak.

`arithmetic` computes, `process` computes the same off the event loop, `keys` reads keys and certificates.
"""
