"""The audit's chain: entries sealed one to the other, checked, and taken out for an archive.

What it shows. Once an entry is sealed, nobody can alter it, remove it, put another in between or change the
order without the check finding the place. Anybody can check, without a key: see `services.kit.audit.chain`.

What it cannot show. Between the commit of an entry and its seal, mostly well below a second, somebody with
the rights of the database's owner could alter it unseen; and at any time such a person could write the chain
anew from some place on, or cut off its end. Against that the operator keeps the last digest elsewhere
(``verify-audit`` prints it, ``export-audit`` holds it) and gives it to a later check: a chain that was
written anew does not pass through it. Whoever can write as the service can also write entries that nothing
happened for; the chain keeps what was written, it does not know whether it is true.
"""
