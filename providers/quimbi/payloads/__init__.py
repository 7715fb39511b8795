"""Pure: what is sent to Quimbi, and what its replies mean, in whichever dialect they come.

Which dialect a reply speaks is seen from its fields, each time. A reply that cannot be true raises
`InvalidAnswer`, and nothing else is ever raised.
"""
