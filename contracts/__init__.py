"""The vocabulary of PayGuard: plain data and ports, importing nothing else of ours."""
