"""Texts of notices: `<notice>.<locale>.txt`, the subject on the first line, and the HTML around them."""
