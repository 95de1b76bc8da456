"""Fuzzing of everything that reads bytes from outside: what each target promises, and who drives it."""
