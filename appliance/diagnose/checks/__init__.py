"""What each check found, and what it means: pure."""
