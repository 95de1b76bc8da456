"""The pages, each a blueprint of its own, and beside it the pure view that turns documents into what is printed."""
