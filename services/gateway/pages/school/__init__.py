"""A school's office: issuing credentials, corrections, requests, staff; and the request from outside."""
