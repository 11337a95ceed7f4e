"""An online shop: the domain is plain Python, and `persistence` keeps it in DynamoDB.

Read it in this order: `domain` (the rules), `mappings` (what is stored where), `services` (the use cases),
`container` (how it is wired). The rest replays the invoices of a real shop: `python -m domain_example`.
"""
