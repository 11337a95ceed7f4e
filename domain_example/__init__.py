"""An online shop: the domain is plain Python, and `persistence` keeps it in DynamoDB.

Read it in this order: `domain` (the rules), `mappings` (what is stored where), `services` (what happens in
the shop), `questions` (what people ask it), `container` (how it is wired). The rest replays the invoices of a
real shop, and asks in the end: `python -m domain_example`.
"""
