"""Mails: their headers, parts, bodies and attachments, and the canonical text of them."""
